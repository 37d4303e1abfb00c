-- How far the copies that run are: one JSON object a row.
-- Versions: 14 to 18. Privileges: pg_read_all_stats shows workers of others. Locks: none.
COPY (
SELECT json_build_object('copy', json_build_object('subscription', w.subname, 'schema', n.nspname, 'table', c.relname, 'bytes', p.bytes_processed))
FROM pg_stat_progress_copy AS p JOIN pg_stat_subscription AS w ON w.pid = p.pid AND w.relid = p.relid
JOIN pg_class AS c ON c.oid = p.relid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE p.datname = current_database()
) TO STDOUT;
