-- What keeps planned tables from ever becoming ready, one line each: pg_temp.never_ready(). And whether the worker of each enabled
-- planned subscription runs now: pg_temp.workers(), since a worker that fails is started again and again.
CREATE OR REPLACE FUNCTION pg_temp.never_ready() RETURNS SETOF text LANGUAGE sql STABLE AS $pgslotplan$
  WITH subscription AS (
    SELECT p.subscription_name, s.oid, s.subenabled FROM pg_temp.planned_slot AS p
    LEFT JOIN (pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()) ON s.subname = p.subscription_name
  )
  SELECT format('subscription %I: %s', subscription_name, CASE WHEN oid IS NULL THEN 'missing' ELSE 'disabled' END)
  FROM subscription WHERE subenabled IS NOT TRUE
  UNION ALL
  SELECT format('table %I.%I of subscription %I: %s', p.schema_name, p.table_name, p.subscription_name,
                CASE WHEN c.oid IS NULL THEN 'missing on the subscriber' ELSE 'not subscribed' END)
  FROM pg_temp.planned_relation AS p JOIN subscription AS s ON s.subscription_name = p.subscription_name AND s.subenabled
  LEFT JOIN (pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace) ON n.nspname = p.schema_name AND c.relname = p.table_name
  WHERE NOT EXISTS (SELECT FROM pg_subscription_rel AS r WHERE r.srsubid = s.oid AND r.srrelid = c.oid)
$pgslotplan$;
CREATE OR REPLACE FUNCTION pg_temp.workers() RETURNS TABLE (name name, runs boolean) LANGUAGE sql STABLE AS $pgslotplan$
  SELECT p.subscription_name, EXISTS (SELECT FROM pg_stat_subscription AS w WHERE w.subid = s.oid AND w.relid IS NULL AND w.pid IS NOT NULL)
  FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name AND s.subenabled
  JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
$pgslotplan$;
