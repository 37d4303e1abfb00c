-- How many errors each subscription of the database has had: one JSON object a row.
-- Versions: 15 to 18. Privileges: none beyond CONNECT. Locks: none.
COPY (
SELECT json_build_object('subscription', s.subname, 'errors', e.apply_error_count + e.sync_error_count)
FROM pg_stat_subscription_stats AS e JOIN pg_subscription AS s ON s.oid = e.subid
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
) TO STDOUT;
