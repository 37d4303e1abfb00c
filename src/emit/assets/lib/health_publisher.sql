-- How the database's logical slots stand, and which publications there are: one JSON object a row.
-- Versions: 12 to 18; to_jsonb gives the columns that only newer ones have. Privileges: none beyond CONNECT. Locks: none.
COPY (
SELECT json_build_object('slot', json_build_object('slot', s.slot_name, 'active', s.active, 'wal_status', f.fields ->> 'wal_status',
    'invalidation_reason', f.fields ->> 'invalidation_reason', 'safe_wal_bytes', (f.fields ->> 'safe_wal_size')::bigint,
    'lag_bytes', pg_wal_lsn_diff(here.lsn, s.confirmed_flush_lsn)::bigint, 'retained_bytes', pg_wal_lsn_diff(here.lsn, s.restart_lsn)::bigint,
    'confirmed', pg_wal_lsn_diff(s.confirmed_flush_lsn, '0/0')::bigint, 'xmin_age', age(s.catalog_xmin)))
FROM pg_replication_slots AS s CROSS JOIN LATERAL (SELECT to_jsonb(s)) AS f(fields)
CROSS JOIN (SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END) AS here(lsn)
WHERE s.slot_type = 'logical' AND s.database = current_database() AND NOT s.temporary
UNION ALL
SELECT json_build_object('publication', pubname) FROM pg_publication
) TO STDOUT;
