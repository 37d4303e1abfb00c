-- Waits until the tables of the relation joining are ready in their subscriptions, :wait_seconds at most.
\if :{?wait_seconds} \else \set wait_seconds 86400 \endif
SELECT set_config('pgslotplan.wait_seconds', :'wait_seconds', false) AS wait \gset
SET statement_timeout = 0;
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
  next_word timestamptz := clock_timestamp() + interval '30 s'; pending text[]; enabled boolean;
BEGIN
  LOOP
    SELECT array_agg(format('table %I.%I', r.schema_name, r.table_name)), bool_and(coalesce(s.enabled, false)) INTO pending, enabled
    FROM pg_temp.joining AS r
    LEFT JOIN pg_temp.subscribed() AS s ON (s.subscription_name, s.schema_name, s.table_name) = (r.subscription_name, r.schema_name, r.table_name)
    WHERE s.state IS DISTINCT FROM 'r';
    EXIT WHEN pending IS NULL;
    IF NOT enabled OR clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = format('%s tables are not ready', cardinality(pending)), DETAIL = pg_temp.plain(array_to_string(pending[1:20], chr(10))),
        HINT = CASE WHEN enabled THEN 'Read the log of the subscriber. Run this again to wait longer.' ELSE 'The subscription is disabled, or lacks the table: read the log of the subscriber.' END;
    END IF;
    IF clock_timestamp() >= next_word THEN
      RAISE INFO '% tables are not ready yet', cardinality(pending);
      next_word := clock_timestamp() + interval '30 s';
    END IF;
    PERFORM pg_sleep(0.1);
  END LOOP;
END $pgslotplan$;
