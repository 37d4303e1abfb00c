-- Refuses slots that stand after the clone's end, :position.
\ir publisher.sql
\ir slots_position.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'positions do not fit: changes would be lost without an error',
  'The slots must be older than the clone. Drop slots and clone and begin anew with the slots.') AS refused
FROM (
  SELECT format('replication slot %I is at %s, after %s', s.slot_name, s.confirmed_flush_lsn, :'position')
  FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
  WHERE s.confirmed_flush_lsn > :'position'::pg_lsn
  UNION ALL
  SELECT format('the clone ends at %s, which the publisher has not reached', :'position')
  WHERE pg_current_wal_insert_lsn() < :'position'::pg_lsn
) AS found(line) \gset
