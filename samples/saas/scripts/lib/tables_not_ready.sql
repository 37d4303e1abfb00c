-- The planned tables that their subscription does not replicate now, one line each: pg_temp.tables_not_ready(). Disabled ones count once
-- the cutover has stopped them, where the setting pgslotplan.is_stopped says so.
CREATE OR REPLACE FUNCTION pg_temp.tables_not_ready() RETURNS SETOF text LANGUAGE sql STABLE AS $pgslotplan$
  SELECT format('table %I.%I of subscription %I: %s', p.schema_name, p.table_name, p.subscription_name,
                CASE r.srsubstate WHEN 'i' THEN 'not begun' WHEN 'd' THEN 'being copied' WHEN 'f' THEN 'copied'
                  WHEN 's' THEN 'synchronized' ELSE 'not subscribed' END)
  FROM pg_temp.planned_relation AS p
  -- up to 13 only superusers may read the oid of a subscription in its catalog
  LEFT JOIN (pg_subscription_rel AS r JOIN (SELECT DISTINCT subid, subname FROM pg_stat_subscription) AS w ON w.subid = r.srsubid
             JOIN pg_subscription AS s ON s.subname = w.subname
               AND (s.subenabled OR coalesce(current_setting('pgslotplan.is_stopped', true), '') = 't')
             JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
             JOIN pg_class AS c ON c.oid = r.srrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace)
    ON s.subname = p.subscription_name AND n.nspname = p.schema_name AND c.relname = p.table_name
  WHERE r.srsubstate IS DISTINCT FROM 'r'
$pgslotplan$;
