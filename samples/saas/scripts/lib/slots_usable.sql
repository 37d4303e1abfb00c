-- Planned slots that exist are ours and alive. wal_status came with 13.
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'replication slots cannot be used',
  'Drop them if nothing uses them (pg_drop_replication_slot), or plan again with another --prefix.') AS refused
FROM (
  SELECT format('replication slot %I is not a lasting logical slot of plugin pgoutput in this database', s.slot_name)
  FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
  WHERE s.plugin IS DISTINCT FROM 'pgoutput' OR s.database IS DISTINCT FROM current_database() OR s.temporary
  UNION ALL
  SELECT format('replication slot %I is lost', s.slot_name)
  FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
  WHERE to_jsonb(s) ->> 'wal_status' = 'lost'
) AS found(line) \gset
