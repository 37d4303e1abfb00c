-- Creates the missing slots of the relation :slots, a temporary table with a column slot_name: the first, then copies of it. A
-- copy is made at once and at the same position, where a second creation would wait for open transactions again.
SELECT min(slot_name) FILTER (WHERE number = 0) AS first_slot,
       NOT EXISTS (SELECT FROM pg_temp.:"slots" AS f JOIN pg_replication_slots AS s ON s.slot_name = f.slot_name WHERE f.number = 0) AS first_is_missing
FROM pg_temp.:"slots" \gset
\if :first_is_missing
SELECT set_config('pgslotplan.first_slot', :'first_slot', false) AS first \gset
\ir slots_blocked.sql
DO $pgslotplan$ BEGIN
  PERFORM pg_create_logical_replication_slot(current_setting('pgslotplan.first_slot'), 'pgoutput');
EXCEPTION WHEN lock_not_available THEN
  RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'the slot waited too long for the end of transactions', DETAIL = (SELECT string_agg(pg_temp.plain(line), chr(10)) FROM pg_temp.slots_blocked() AS line);
END $pgslotplan$;
\endif
SELECT format('SELECT FROM pg_copy_logical_replication_slot(%L, %L, false, ''pgoutput'')', :'first_slot', w.slot_name)
FROM pg_temp.:"slots" AS w
WHERE w.number > 0 AND NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = w.slot_name)
ORDER BY w.number
\o /dev/null \gexec
\o
