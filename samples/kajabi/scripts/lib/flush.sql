-- Commits something every 10 ms until the subscriptions of the relation :receivers end, :wait_seconds at most. A slot is past
-- the fence when its subscriber has it on disk, and apply workers leave that to the log writer: whoever commits beside them
-- flushes their log too.
\ir take_part.sql
SELECT set_config('pgslotplan.wait_seconds', :'wait_seconds', false) AS wait \gset
SET synchronous_commit = local;
DROP TABLE IF EXISTS pg_temp.receiving;
CREATE TEMP TABLE receiving AS SELECT :"receiver_column" AS subscription_name FROM pg_temp.:"receivers";
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
BEGIN
  WHILE clock_timestamp() < deadline AND EXISTS (
    SELECT FROM pg_temp.receiving AS r JOIN pg_subscription AS s ON s.subname = r.subscription_name AND s.subenabled
    JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()) LOOP
    PERFORM pg_logical_emit_message(true, 'pgslotplan', 'flush');
    COMMIT;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $pgslotplan$;
