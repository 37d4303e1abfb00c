-- Planned slots that exist are ours and alive. wal_status came with 13.
SELECT pg_temp.refuse(array_agg(format('replication slot %I belongs to database %I', s.slot_name, s.database) ORDER BY s.slot_name), 'replication slots of another database have the planned names',
  'Leave them alone: slots are named once a server. Plan this database again with another --prefix.') AS refused
FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name WHERE s.database <> current_database() \gset
WITH existing AS (
  SELECT p.number, s.slot_name, s.confirmed_flush_lsn,
         EXISTS (SELECT FROM pg_temp.planned_publication AS b JOIN pg_publication AS o ON o.pubname = b.publication_name
                 WHERE age(o.xmin) <= age(s.catalog_xmin)) AS is_older
  FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
)
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'replication slots cannot be used',
  'Drop them if nothing uses them (pg_drop_replication_slot), or plan again with another --prefix.') AS refused
FROM (
  SELECT format('replication slot %I is not a lasting logical slot of plugin pgoutput', s.slot_name)
  FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
  WHERE s.plugin IS DISTINCT FROM 'pgoutput' OR s.temporary
  UNION ALL
  SELECT format('replication slot %I is lost', s.slot_name)
  FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
  WHERE to_jsonb(s) ->> 'wal_status' = 'lost'
  UNION ALL
  SELECT format('replication slot %I is for two-phase commit, which the plan does without', s.slot_name)
  FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
  WHERE (to_jsonb(s) ->> 'two_phase')::boolean
  UNION ALL
  -- slots of one plan are copies of the first, younger than its publications; a step that was stopped leaves the first ones
  SELECT format('replication slot %I at %s is not of this plan: %s', s.slot_name, s.confirmed_flush_lsn, reason)
  FROM existing AS s CROSS JOIN LATERAL (VALUES
    (NOT EXISTS (SELECT FROM existing AS f WHERE f.number = 0), 'the first slot of the plan does not exist'),
    (EXISTS (SELECT FROM existing AS f WHERE f.number = 0 AND f.confirmed_flush_lsn <> s.confirmed_flush_lsn), 'the first one stands elsewhere'),
    (s.is_older, 'it is older than a publication of the plan')) AS w(is_wrong, reason)
  WHERE w.is_wrong AND EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE NOT EXISTS (SELECT FROM existing AS e WHERE e.slot_name = p.slot_name))
) AS found(line) \gset
