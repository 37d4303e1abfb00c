-- Disables the planned subscriptions and waits for the end of their workers.
SELECT format('ALTER SUBSCRIPTION %I DISABLE', s.subname)
FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name AND s.subenabled
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
ORDER BY p.number \gexec
UPDATE pgslotplan.plan SET stopped = true WHERE prefix = :'prefix' AND NOT stopped;
-- an idle apply worker looks only once a second, up to 15, whether its subscription was disabled; it has nothing to do by now
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s';
BEGIN
  BEGIN
    PERFORM pg_terminate_backend(w.pid) FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name
    JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
    JOIN pg_stat_subscription AS w ON w.subid = s.oid AND w.pid IS NOT NULL;
  EXCEPTION WHEN insufficient_privilege THEN
    NULL; -- they end by themselves
  END;
  WHILE EXISTS (SELECT FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name
                JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
                JOIN pg_stat_subscription AS w ON w.subid = s.oid AND w.pid IS NOT NULL) LOOP
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'apply workers have not ended', HINT = 'Read the log of the subscriber, then run this file again.';
    END IF;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $pgslotplan$;
