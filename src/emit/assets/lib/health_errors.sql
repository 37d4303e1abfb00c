-- How many errors each subscription of the database has had, and how many conflicts (18): one JSON object a row.
-- Versions: 15 to 18; to_jsonb gives the columns that only newer ones have. Privileges: none beyond CONNECT. Locks: none.
COPY (
SELECT json_build_object('errors', json_build_object('subscription', s.subname, 'apply', e.apply_error_count, 'copy', e.sync_error_count,
    'conflicts', (SELECT sum(value::bigint) FROM jsonb_each_text(to_jsonb(e)) WHERE key LIKE 'confl\_%')))
FROM pg_stat_subscription_stats AS e JOIN pg_subscription AS s ON s.oid = e.subid
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
) TO STDOUT;
