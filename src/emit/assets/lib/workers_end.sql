-- Ends the workers of the subscriptions of the relation :workers, a temporary table with a column subscription_name, and waits for it;
-- the subscriptions are disabled. Up to 15 an idle worker looks only once a second whether it is still wanted.
DROP TABLE IF EXISTS pg_temp.ending;
CREATE TEMP TABLE ending AS SELECT DISTINCT subscription_name FROM pg_temp.:"workers";
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s';
BEGIN
  LOOP
    BEGIN
      PERFORM pg_terminate_backend(w.pid) FROM pg_temp.ending AS e JOIN pg_stat_subscription AS w ON w.subname = e.subscription_name AND w.pid IS NOT NULL
      JOIN pg_subscription AS s ON s.oid = w.subid JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database();
    EXCEPTION WHEN insufficient_privilege THEN
      NULL; -- they end by themselves
    END;
    EXIT WHEN NOT EXISTS (SELECT FROM pg_temp.ending AS e JOIN pg_stat_subscription AS w ON w.subname = e.subscription_name AND w.pid IS NOT NULL
      JOIN pg_subscription AS s ON s.oid = w.subid JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database());
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'workers of the subscriptions have not ended', HINT = 'Read the log of the subscriber, then run this again.';
    END IF;
    PERFORM pg_sleep(0.05);
  END LOOP;
END $pgslotplan$;
