-- Whether the publisher is where a change of plans can begin, or go on. Then what will change, one line each, on standard output.
\ir publisher.sql
\ir transition.sql
\ir members.sql
\ir before_cutover_publisher.sql
\ir read_only.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'reasons against changing the plan now', 'Nothing was changed. Mend what the detail names, then run this again.') AS refused
FROM (
  SELECT format('replication slot %I is %s', r.slot_name, CASE WHEN s.slot_name IS NULL THEN 'missing' WHEN to_jsonb(s) ->> 'wal_status' = 'lost' THEN 'lost'
    WHEN s.database IS DISTINCT FROM current_database() OR s.plugin IS DISTINCT FROM 'pgoutput' THEN 'not the plan''s' ELSE 'not followed by a subscription' END)
  FROM pg_temp.running_slot AS r LEFT JOIN pg_replication_slots AS s ON s.slot_name = r.slot_name
  -- one that goes may be gone; one that a stopped run holds is not followed
  WHERE (s.slot_name IS NULL OR to_jsonb(s) ->> 'wal_status' = 'lost' OR s.database IS DISTINCT FROM current_database() OR s.plugin IS DISTINCT FROM 'pgoutput')
    AND EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE p.slot_name = r.slot_name)
  UNION ALL
  SELECT format('publication %I does not exist', r.publication_name) FROM pg_temp.running_publication AS r
  WHERE NOT EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = r.publication_name)
    AND EXISTS (SELECT FROM pg_temp.planned_publication AS p WHERE p.publication_name = r.publication_name)
  UNION ALL
  SELECT format('publication %I has table %I.%I, as in neither plan', p.pubname, n.nspname, c.relname)
  FROM pg_publication AS p JOIN pg_publication_rel AS r ON r.prpubid = p.oid
  JOIN pg_class AS c ON c.oid = r.prrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE (p.pubname IN (SELECT publication_name FROM pg_temp.running_publication) OR p.pubname IN (SELECT publication_name FROM pg_temp.planned_publication))
    AND NOT EXISTS (SELECT FROM pg_temp.running_table AS t WHERE (t.publication_name, t.schema_name, t.table_name) = (p.pubname, n.nspname, c.relname))
    AND NOT EXISTS (SELECT FROM pg_temp.planned_table AS t WHERE (t.publication_name, t.schema_name, t.table_name) = (p.pubname, n.nspname, c.relname))
  UNION ALL
  -- published by neither: nobody knows what was lost meanwhile
  SELECT format('table %I.%I is in none of the publications %I and %I', g.schema_name, g.table_name, g.from_publication, g.to_publication)
  FROM pg_temp.transition_change AS g JOIN pg_namespace AS n ON n.nspname = g.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = g.table_name
  WHERE g.kind = 'move' AND NOT EXISTS (SELECT FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
    WHERE r.prrelid = c.oid AND p.pubname IN (g.from_publication, g.to_publication))
  UNION ALL
  SELECT format('table %I.%I does not exist', g.schema_name, g.table_name) FROM pg_temp.transition_change AS g
  WHERE g.kind <> 'remove' AND NOT EXISTS (SELECT FROM pg_namespace AS n JOIN pg_class AS c ON c.relnamespace = n.oid
    WHERE n.nspname = g.schema_name AND c.relname = g.table_name AND c.relkind IN ('r', 'p'))
  UNION ALL
  SELECT format('max_replication_slots is %s: no room for %s new slots beside those that exist', current_setting('max_replication_slots'), wanted)
  FROM (SELECT count(*) AS wanted FROM pg_temp.new_slot AS w WHERE NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = w.slot_name)) AS n
  WHERE wanted > 0 AND current_setting('max_replication_slots')::integer < wanted + (SELECT count(*) FROM pg_replication_slots)
  UNION ALL
  SELECT format('replication slot %I exists, and is not the new plan''s', s.slot_name) FROM pg_replication_slots AS s
  WHERE s.slot_name = :'no_slot' OR s.slot_name IN (SELECT slot_name FROM pg_temp.new_slot)
    AND (s.plugin IS DISTINCT FROM 'pgoutput' OR s.database IS DISTINCT FROM current_database() OR s.temporary)
  UNION ALL
  SELECT format('subscription %I of the way back exists: the cutover is prepared; run abort.sh of the plan that runs first', s.subname)
  FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database() WHERE starts_with(s.subname, :'prefix' || '_rev_')
  UNION ALL
  SELECT format('event trigger %I refuses DDL: the cutover is prepared; run abort.sh of the plan that runs first', evtname) FROM pg_event_trigger WHERE evtname IN (:'freeze', :'freeze_drop')
) AS found(line) \gset
SELECT format('%s: %s', CASE WHEN b.kind = 'remove' THEN format('leave %I', b.from_slot) WHEN b.kind = 'add' THEN format('join %I, with a copy', b.to_slot)
         ELSE format('move from %I to %I', b.from_slot, b.to_slot) END, pg_temp.plain(string_agg(format('%I.%I', g.schema_name, g.table_name), ', ' ORDER BY g.schema_name, g.table_name)))
FROM pg_temp.transition_batch AS b JOIN pg_temp.transition_change AS g USING (batch) GROUP BY b.batch, b.kind, b.from_slot, b.to_slot ORDER BY b.batch;
