-- Waits up to 30 s until every slot is within :most_bytes_behind. If :frozen, refuses a schema that is not.
\ir publisher.sql
\if :frozen
SELECT pg_temp.refuse(array_agg(format('event trigger %I: missing or disabled', name)), 'signs that the schema is not frozen',
  format('%s comes first: DDL is not replicated. Or WITHOUT=''freeze'' in cutover.conf, where nobody may make event triggers.', :'step_ddl_freeze')) AS refused
FROM unnest(ARRAY[:'freeze', :'freeze_drop']) AS w(name) WHERE NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = w.name AND evtenabled IN ('O', 'A'))
  AND :'privileges' = 'superuser' \gset
\endif
SELECT set_config('pgslotplan.most_bytes_behind', :'most_bytes_behind', false) AS most \gset
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s'; lines text;
BEGIN
  LOOP
    SELECT string_agg(format('slot %I: %s', p.slot_name, CASE WHEN s.slot_name IS NULL THEN 'missing' WHEN NOT s.active THEN 'not connected'
             ELSE format('%s bytes behind', pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.confirmed_flush_lsn)) END), chr(10) ORDER BY p.slot_name)
      INTO lines
    FROM pg_temp.planned_slot AS p LEFT JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name AND s.database = current_database()
    WHERE (s.active AND pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.confirmed_flush_lsn)
             <= current_setting('pgslotplan.most_bytes_behind')::numeric) IS NOT TRUE;
    EXIT WHEN lines IS NULL;
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'slots are not ready for the cutover', DETAIL = lines, HINT = 'Wait until they have caught up; MOST_BYTES_BEHIND is the limit.';
    END IF;
    PERFORM pg_sleep(0.2);
  END LOOP;
END $pgslotplan$;
