-- Creates the missing slots of the relation :slots, a temporary table with a column slot_name: the first, then copies of it. A
-- copy is made at once and at the same position, where a second creation would wait for open transactions again.
SELECT min(slot_name) FILTER (WHERE number = 0) AS first_slot,
       NOT EXISTS (SELECT FROM pg_temp.:"slots" AS f JOIN pg_replication_slots AS s ON s.slot_name = f.slot_name WHERE f.number = 0) AS first_is_missing
FROM pg_temp.:"slots" \gset
\if :first_is_missing
SELECT count(*) AS created FROM pg_create_logical_replication_slot(:'first_slot', 'pgoutput') \gset
\endif
SELECT format('SELECT FROM pg_copy_logical_replication_slot(%L, %L, false, ''pgoutput'')', :'first_slot', w.slot_name)
FROM pg_temp.:"slots" AS w
WHERE w.number > 0 AND NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = w.slot_name)
ORDER BY w.number
\o /dev/null \gexec
\o
