-- Puts every subscription's origin at the clone's end, unless it has gone further by itself.
SELECT count(pg_replication_origin_advance('pg_' || s.oid, b.position)) AS advanced
FROM pg_temp.planned_slot AS p
JOIN pg_subscription AS s ON s.subname = p.subscription_name AND NOT s.subenabled
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
CROSS JOIN pgslotplan.bootstrap AS b
WHERE b.prefix = :'prefix' AND b.state = 'placed'
  AND coalesce(pg_replication_origin_progress('pg_' || s.oid, true), '0/0') < b.position \gset
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'subscriptions do not stand at the clone''s end', 'Do not enable them: drop them and run this file again.') AS refused
FROM (
  SELECT format('subscription %I stands at %s, not at %s', s.subname, pg_replication_origin_progress('pg_' || s.oid, true), b.position)
  FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name
  JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
  CROSS JOIN pgslotplan.bootstrap AS b
  WHERE b.prefix = :'prefix' AND coalesce(pg_replication_origin_progress('pg_' || s.oid, true), '0/0') < b.position
) AS found(line) \gset
