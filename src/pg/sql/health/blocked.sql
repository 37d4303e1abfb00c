-- Subscriptions whose workers wait for locks, and who holds them: one JSON object a row.
-- Versions: 12 to 18. Privileges: pg_read_all_stats shows workers of others. Locks: none; pg_blocking_pids looks into the lock table,
-- for waiting workers only.
COPY (
SELECT json_build_object('blocked', json_build_object('subscription', w.subname, 'by', array_agg(
    format('session %s of role %I%s', h.pid, h.usename, CASE WHEN h.backend_type = 'client backend' THEN '' ELSE ' (' || h.backend_type || ')' END) ORDER BY h.pid)))
FROM pg_stat_subscription AS w JOIN pg_stat_activity AS a ON a.pid = w.pid AND a.wait_event_type = 'Lock' AND a.datname = current_database()
CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS b(pid) JOIN pg_stat_activity AS h ON h.pid = b.pid
GROUP BY w.subname
) TO STDOUT;
