-- Ends programs of an earlier run that outlived its script: they would go on writing rows into emptied tables.
DO $pgslotplan$
DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s';
  name text := 'pgslotplan_load_' || current_setting('pgslotplan.prefix');
BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = name) LOOP
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'programs of an earlier run are still at work', HINT = 'End pg_dump and pg_restore where it ran, then run this step again.';
    END IF;
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = name;
    PERFORM pg_sleep(0.1);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END
$pgslotplan$;
