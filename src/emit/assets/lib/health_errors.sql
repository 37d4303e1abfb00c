-- How many errors each subscription of the database has had, and how many conflicts (18): one JSON object a row.
-- Versions: 15 to 19; to_jsonb gives the columns that only some have: 19 calls the errors of copies sync_table_error_count. Privileges: none beyond CONNECT. Locks: none.
COPY (
SELECT json_build_object('errors', json_build_object('subscription', s.subname, 'apply', e.apply_error_count, 'copy', coalesce(j.of ->> 'sync_table_error_count', j.of ->> 'sync_error_count')::bigint,
    'conflicts', (SELECT sum(value::bigint) FROM jsonb_each_text(j.of) WHERE key LIKE 'confl\_%')))
FROM pg_stat_subscription_stats AS e CROSS JOIN LATERAL (SELECT to_jsonb(e) AS of) AS j JOIN pg_subscription AS s ON s.oid = e.subid
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
) TO STDOUT;
