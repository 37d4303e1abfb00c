-- Waits until every planned table is ready, :wait_seconds at most.
\if :{?wait_seconds} \else \set wait_seconds 3600 \endif
SELECT set_config('pgslotplan.wait_seconds', :'wait_seconds', false) AS wait \gset
SET statement_timeout = 0;
\ir tables_not_ready.sql
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
  next_word timestamptz := clock_timestamp() + interval '30 s';
  pending text[];
BEGIN
  LOOP
    SELECT coalesce(array_agg(line ORDER BY line), '{}') INTO pending FROM pg_temp.tables_not_ready() AS line;
    EXIT WHEN cardinality(pending) = 0;
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = format('%s tables are not ready after %s s', cardinality(pending), current_setting('pgslotplan.wait_seconds')),
        DETAIL = array_to_string(pending[1:20], chr(10)), HINT = 'Read the log of the subscriber. Run this file again to wait longer.';
    END IF;
    IF clock_timestamp() >= next_word THEN
      RAISE INFO '% tables are not ready yet', cardinality(pending);
      next_word := clock_timestamp() + interval '30 s';
    END IF;
    PERFORM pg_sleep(0.2);
  END LOOP;
END $pgslotplan$;
