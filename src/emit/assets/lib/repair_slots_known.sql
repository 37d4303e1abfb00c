-- Slots of this part that exist are lasting logical ones of this database, which we may drop or use.
SELECT pg_temp.refuse(array_agg(format('replication slot %I', s.slot_name) ORDER BY s.slot_name), 'slots have planned names and are no lasting logical slots of plugin pgoutput in this database',
  'Drop them if nothing uses them (pg_drop_replication_slot).') AS refused
FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
WHERE s.plugin IS DISTINCT FROM 'pgoutput' OR s.database IS DISTINCT FROM current_database() OR s.temporary \gset
