-- Refuses a publisher whose writes are stopped, or that follows the new server: the cutover is under way or done.
\ir closed.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'signs of a cutover', 'Go back to the old server with abort.sh or rollback.sh first.') AS refused
FROM (
  SELECT 'the writes of this database are stopped' WHERE :'is_closed'::boolean
  UNION ALL
  SELECT format('subscription %I of the way back is enabled', s.subname)
  FROM pg_temp.planned_mirror AS m JOIN pg_subscription AS s ON s.subname = m.slot_name AND s.subenabled
  JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
) AS found(line) \gset
