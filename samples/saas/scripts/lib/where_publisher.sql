-- Which steps the publisher shows as done or undone, one a line: identifier, t or f. For run.sh.
\ir publisher.sql
\ir publication_differences.sql
\ir read_only.sql
SELECT concat_ws(' ', id, CASE WHEN is_done THEN 't' ELSE 'f' END) FROM (
  SELECT 'publications', :'differences' = '{}'
  UNION ALL
  SELECT :'slots_id', NOT EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE NOT EXISTS (
    SELECT FROM pg_replication_slots AS s WHERE s.slot_name = p.slot_name AND s.database = current_database()))
  UNION ALL
  -- where this role may not make one, what is noted counts
  SELECT 'ddl_freeze', EXISTS (SELECT FROM pg_event_trigger WHERE evtname = :'freeze')
  WHERE :'privileges' = 'superuser' OR EXISTS (SELECT FROM pg_event_trigger WHERE evtname = :'freeze')
  UNION ALL
  SELECT 'reverse_subscriptions', NOT EXISTS (SELECT FROM pg_temp.planned_mirror AS m WHERE NOT EXISTS (
    SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = m.slot_name))
  UNION ALL
  SELECT 'reverse_start', NOT EXISTS (SELECT FROM pg_temp.planned_mirror AS m WHERE NOT EXISTS (
    SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = m.slot_name AND s.subenabled))
) AS shown(id, is_done);
