-- What the subscriptions of this database have now: pg_temp.subscribed(). Up to 13 only superusers may read the oid of a subscription
-- in its catalog.
CREATE OR REPLACE FUNCTION pg_temp.subscribed() RETURNS TABLE (subscription_name name, subid oid, enabled boolean, slot_name name,
  schema_name name, table_name name, state "char") LANGUAGE sql STABLE AS $pgslotplan$
  SELECT s.subname, w.subid, s.subenabled, s.subslotname, n.nspname, c.relname, r.srsubstate
  FROM pg_subscription AS s
  JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
  JOIN (SELECT DISTINCT subid, subname FROM pg_stat_subscription) AS w ON w.subname = s.subname
  LEFT JOIN (pg_subscription_rel AS r JOIN pg_class AS c ON c.oid = r.srrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace) ON r.srsubid = w.subid
$pgslotplan$;
