-- The latest position of the planned slots. Refuses unless each is there, alive and unused.
SELECT pg_temp.refuse(array_agg(format('replication slot %I', p.slot_name) ORDER BY p.slot_name), 'planned slots are missing, lost or in use',
  format('The slots come before the clone: run %s. In use: the subscriptions run already.', :'step_slots')) AS refused
FROM pg_temp.planned_slot AS p
LEFT JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name AND s.plugin = 'pgoutput' AND s.database = current_database()
WHERE s.slot_name IS NULL OR s.active OR to_jsonb(s) ->> 'wal_status' = 'lost' \gset
SELECT max(s.confirmed_flush_lsn) AS slots_position FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name \gset
