-- When the WAL files that are kept were last written to, by the position at their end: one JSON object a row. Files that were given
-- a new name for later lie ahead and are left out.
-- Versions: 12 to 18. Privileges: pg_monitor. Locks: none. Cost: one look at each file of the folder.
COPY (
SELECT json_build_object('file', json_build_object('end', f.end_position, 'at', extract(epoch FROM f.modification)))
FROM (
  SELECT modification, (('x' || substr(name, 9, 8))::bit(32)::bigint * (4294967296 / size) + ('x' || substr(name, 17, 8))::bit(32)::bigint + 1) * size AS end_position
  FROM pg_ls_waldir() AS w(name, file_size, modification) CROSS JOIN (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size') AS s(size)
  WHERE w.name ~ '^[0-9A-F]{24}$'
) AS f
WHERE f.end_position <= pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')
ORDER BY f.end_position
) TO STDOUT;
