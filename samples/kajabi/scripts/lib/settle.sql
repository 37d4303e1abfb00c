-- A connection that PgBouncer closed needs a moment to be gone.
DO $pgslotplan$
DECLARE
  deadline timestamptz := clock_timestamp() + interval '1 s';
BEGIN
  WHILE EXISTS (SELECT FROM pg_temp.other_sessions()) AND clock_timestamp() < deadline LOOP
    PERFORM pg_sleep(0.01);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END
$pgslotplan$;
