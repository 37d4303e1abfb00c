-- Drops the slots of the relation :slots, a temporary table with a column slot_name, as soon as nobody uses them.
SELECT set_config('pgslotplan.slots_hint', :'slots_hint', false) AS hint \gset
DROP TABLE IF EXISTS pg_temp.dropping;
CREATE TEMP TABLE dropping AS SELECT slot_name FROM pg_temp.:"slots";
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s'; item record;
BEGIN
  -- a walsender that just lost its subscription needs a moment to end
  WHILE EXISTS (SELECT FROM pg_temp.dropping AS d JOIN pg_replication_slots AS s ON s.slot_name = d.slot_name AND s.plugin = 'pgoutput'
                  AND s.database = current_database() WHERE s.active) LOOP
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'a replication slot is still in use', HINT = current_setting('pgslotplan.slots_hint');
    END IF;
    PERFORM pg_sleep(0.05);
  END LOOP;
  FOR item IN SELECT s.slot_name FROM pg_temp.dropping AS d JOIN pg_replication_slots AS s ON s.slot_name = d.slot_name
                AND s.plugin = 'pgoutput' AND s.database = current_database() ORDER BY s.slot_name LOOP
    PERFORM pg_drop_replication_slot(item.slot_name);
  END LOOP;
END $pgslotplan$;
