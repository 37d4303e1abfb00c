-- Waits until no walsender serves the slot that takes tables of :batch: one that runs on would go on without them.
\ir publisher.sql
\ir transition.sql
SELECT set_config('pgslotplan.batch', :'batch', false) AS batch_number \gset
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + interval '60 s';
BEGIN
  WHILE EXISTS (SELECT FROM pg_temp.transition_batch AS b JOIN pg_replication_slots AS s ON s.slot_name = b.to_slot
                WHERE b.batch = current_setting('pgslotplan.batch')::integer AND s.active) LOOP
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'the slot that takes the tables over is still in use', HINT = 'Look who uses it in pg_stat_replication, and run this again.';
    END IF;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $pgslotplan$;
