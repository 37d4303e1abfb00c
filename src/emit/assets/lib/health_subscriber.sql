-- The database's subscriptions and their workers: one JSON object a row. Names are enough, since the workers are those of this
-- database: up to 13 the oids of subscriptions are for superusers only.
-- Versions: 12 to 18; to_jsonb gives the columns that only newer ones have. Privileges: pg_read_all_stats shows workers of others.
-- Locks: none.
COPY (
WITH worker AS (
  SELECT w.subname, w.pid, w.relid IS NOT NULL AS copies, to_jsonb(w) ->> 'leader_pid' IS NOT NULL AS helps, a.datid
  FROM pg_stat_subscription AS w JOIN pg_stat_activity AS a ON a.pid = w.pid
)
SELECT json_build_object('subscription', json_build_object('subscription', s.subname, 'enabled', s.subenabled, 'slot', s.subslotname,
    'worker', max(w.pid) FILTER (WHERE NOT w.copies AND NOT w.helps), 'helpers', count(*) FILTER (WHERE w.helps),
    'copying', coalesce(array_agg(w.pid ORDER BY w.pid) FILTER (WHERE w.copies), '{}')))
FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
LEFT JOIN worker AS w ON w.subname = s.subname AND w.datid = s.subdbid
GROUP BY s.subname, s.subenabled, s.subslotname
) TO STDOUT;
