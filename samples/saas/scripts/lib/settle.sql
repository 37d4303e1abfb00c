-- A connection that PgBouncer closed, or a session that was ended, needs a moment to be gone: :settle_seconds at most.
SELECT set_config('pgslotplan.settle_seconds', :'settle_seconds', false) AS settle \gset
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.settle_seconds')::double precision);
BEGIN
  WHILE EXISTS (SELECT FROM pg_temp.other_sessions()) AND clock_timestamp() < deadline LOOP
    PERFORM pg_sleep(0.01);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END $pgslotplan$;
