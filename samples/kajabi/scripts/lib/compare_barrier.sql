-- Everything that was read is applied: each slot of these tables must confirm what is in the log now. The message that is
-- committed flushes the log, so that nobody waits for the log writer.
SELECT :'mode' = 'live' AS is_live \gset
\if :is_live
SELECT set_config('pgslotplan.fence', pg_current_wal_insert_lsn()::text, false) AS fence \gset
SET synchronous_commit = local;
DO $pgslotplan$ BEGIN PERFORM pg_logical_emit_message(true, 'pgslotplan', 'fence'); END $pgslotplan$;
DO $pgslotplan$
DECLARE
    fence pg_lsn := current_setting('pgslotplan.fence');
    deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
    lines text;
BEGIN
    LOOP
        SELECT string_agg(format('slot %I: %s', w.name, CASE WHEN s.slot_name IS NULL THEN 'missing'
                 ELSE format('%s bytes behind, %s', pg_wal_lsn_diff(fence, s.confirmed_flush_lsn),
                             CASE WHEN s.active THEN 'connected' ELSE 'not connected' END) END), chr(10) ORDER BY w.name)
          INTO lines
        FROM (SELECT DISTINCT unnest(p.slots) AS name FROM pg_temp.compared_table AS p WHERE p.slots[1] = current_setting('pgslotplan.slot')) AS w
        LEFT JOIN pg_replication_slots AS s ON s.slot_name = w.name AND s.database = current_database()
        WHERE (s.confirmed_flush_lsn >= fence) IS NOT TRUE;
        EXIT WHEN lines IS NULL;
        IF clock_timestamp() >= deadline THEN
            RAISE EXCEPTION USING MESSAGE = format('slots have not passed %s', fence), DETAIL = lines,
                HINT = 'Look at the log of the subscriber. Run the step again to go on.';
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
END
$pgslotplan$;
\endif
