-- The other slots at the position of the first one, :position.
\ir publisher.sql
\set slots planned_slot
\ir slots.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'replication slots do not stand at the snapshot''s position', 'Run this step again: it starts over.') AS refused
FROM (
  SELECT format('replication slot %I is at %s', p.slot_name, s.confirmed_flush_lsn)
  FROM pg_temp.planned_slot AS p LEFT JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
  WHERE s.confirmed_flush_lsn IS DISTINCT FROM :'position'::pg_lsn
) AS found(line) \gset
