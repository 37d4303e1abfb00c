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
-- Waits until neither the worker of a subscription nor one that copies for it runs: what it does not do now it does not do later.
CREATE OR REPLACE FUNCTION pg_temp.await_end_of_worker(wanted name) RETURNS void LANGUAGE plpgsql AS $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + interval '60 s';
BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_subscription AS w WHERE w.subname = wanted
                -- another database may have a subscription of that name
                AND w.pid IN (SELECT a.pid FROM pg_stat_activity AS a WHERE a.datname = current_database())) LOOP
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = format('the worker of subscription %I does not end', wanted), HINT = 'Read the log of the subscriber, and run this again.';
    END IF;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $pgslotplan$;
