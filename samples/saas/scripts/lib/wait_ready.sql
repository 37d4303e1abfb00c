-- Waits until every planned table is ready, :wait_seconds at most. What can never become ready ends it at once: a subscription that
-- is missing or disabled, a table that is not subscribed, a worker that ends and starts again.
\if :{?wait_seconds} \else \set wait_seconds 3600 \endif
SELECT set_config('pgslotplan.wait_seconds', :'wait_seconds', false) AS wait \gset
SET statement_timeout = 0;
\ir tables_not_ready.sql
\ir never_ready.sql
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
  next_word timestamptz := clock_timestamp() + interval '30 s'; pending text[]; never text[]; absent jsonb := '{}';
BEGIN
  LOOP
    SELECT coalesce(array_agg(line ORDER BY line), '{}') INTO pending FROM pg_temp.tables_not_ready() AS line;
    EXIT WHEN cardinality(pending) = 0;
    -- a worker that starts and ends again is there now and then: a round with it counts for three without
    SELECT coalesce(jsonb_object_agg(name, greatest(coalesce((absent ->> name)::integer, 0) + CASE WHEN runs THEN -3 ELSE 1 END, 0)), '{}')
      INTO absent FROM pg_temp.workers();
    SELECT coalesce(array_agg(line ORDER BY line), '{}') INTO never FROM (
      SELECT line FROM pg_temp.never_ready() AS line
      UNION ALL
      SELECT format('subscription %I: its worker ends and starts again, or cannot start', key) FROM jsonb_each_text(absent) WHERE value::integer >= 75
    ) AS found(line);
    IF cardinality(never) > 0 THEN
      RAISE EXCEPTION USING MESSAGE = format('%s tables cannot become ready', cardinality(pending)), DETAIL = array_to_string(never[1:20], chr(10)),
        HINT = 'Read the log of the subscriber: a lost slot, a missing publication, table or column, a password, too few workers. Fix the cause and run this file again.';
    END IF;
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
