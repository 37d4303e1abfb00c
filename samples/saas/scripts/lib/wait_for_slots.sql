-- Waits until each slot of the relation :slots, a temporary table with a column slot_name, has confirmed all that is in the log
-- now, :fence; :wait_seconds at most. wal_status came with 13.
\if :{?wait_seconds} \else \set wait_seconds 600 \endif
SELECT set_config('pgslotplan.wait_seconds', :'wait_seconds', false) AS wait \gset
SET statement_timeout = 0;
DROP TABLE IF EXISTS pg_temp.awaited;
CREATE TEMP TABLE awaited AS SELECT slot_name FROM pg_temp.:"slots";
-- the message that is committed flushes the log and gives every slot something to pass the fence with
SELECT set_config('pgslotplan.fence', pg_current_wal_insert_lsn()::text, false) AS fence \gset
SET synchronous_commit = local;
DO $pgslotplan$ BEGIN PERFORM pg_logical_emit_message(true, 'pgslotplan', 'fence'); END $pgslotplan$;
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
  fence pg_lsn := current_setting('pgslotplan.fence'); nap double precision := 0.005; pending bigint; gone bigint; lines text;
BEGIN
  LOOP
    SELECT count(*), count(*) FILTER (WHERE s.slot_name IS NULL OR s.is_lost),
           string_agg(format('slot %I: %s', a.slot_name,
             CASE WHEN s.slot_name IS NULL THEN 'missing'
                  ELSE format('%s bytes behind, %s', pg_wal_lsn_diff(fence, s.confirmed_flush_lsn),
                              CASE WHEN s.active THEN 'connected' ELSE 'not connected' END) END),
             chr(10) ORDER BY a.slot_name)
      INTO pending, gone, lines
      FROM pg_temp.awaited AS a
      LEFT JOIN (SELECT r.slot_name, r.database, r.active, r.confirmed_flush_lsn, coalesce(to_jsonb(r) ->> 'wal_status' = 'lost', false) AS is_lost
                   FROM pg_replication_slots AS r) AS s
        ON s.slot_name = a.slot_name AND s.database = current_database()
      WHERE (s.confirmed_flush_lsn >= fence AND NOT s.is_lost) IS NOT TRUE;
    EXIT WHEN pending = 0;
    IF gone > 0 OR clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = format('%s slots have not passed %s', pending, fence), DETAIL = lines,
        HINT = CASE WHEN gone > 0 THEN 'A slot that is missing or lost needs a new start of its subscription.'
                    ELSE 'Read the log of the subscriber. Run this file again to wait longer.' END;
    END IF;
    -- whenever there is more to send, a walsender asks its subscriber how far it is
    PERFORM pg_logical_emit_message(true, 'pgslotplan', 'fence');
    COMMIT;
    PERFORM pg_sleep(nap);
    nap := least(0.2, nap * 1.2);
  END LOOP;
END $pgslotplan$;
