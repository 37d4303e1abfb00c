-- What would run for each replicated row, or keep it out, rests while this server receives, and is remembered to the letter:
-- triggers that are ENABLE ALWAYS or REPLICA, event triggers, and FORCE ROW LEVEL SECURITY where rows are written as the owner of
-- their table (:applies_as_owner is off). Remembered before anything changes, so that it can be stopped and run again. release.sql
-- gives it back. With :holds = events only these: while a server is read and drained, nothing of the kind may write.
\if :{?holds} \else \set holds all \endif
\ir held_table.sql
INSERT INTO pgslotplan.held AS h (prefix, kind, schema_name, table_name, name, value)
SELECT :'prefix', found.* FROM (
  SELECT 'event trigger', '', '', e.evtname, e.evtenabled::text FROM pg_event_trigger AS e
  WHERE e.evtenabled <> 'D' AND e.evtname NOT IN (:'freeze', :'freeze_drop') AND pg_has_role(e.evtowner, 'MEMBER')
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e')
  UNION ALL
  SELECT 'trigger', n.nspname, c.relname, t.tgname, t.tgenabled::text
  FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  -- the triggers of partitions count as internal up to 14
  WHERE :'holds' = 'all' AND t.tgenabled IN ('A', 'R') AND (NOT t.tgisinternal OR t.tgconstraint = 0) AND c.relkind IN ('r', 'p')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgslotplan')
  UNION ALL
  SELECT 'row security', n.nspname, c.relname, '', 't' FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE :'holds' = 'all' AND c.relforcerowsecurity AND :'applies_as_owner' = 'off' AND c.relkind IN ('r', 'p')
    AND c.oid IN (SELECT t.oid FROM pg_temp.planned_relation AS p JOIN pg_namespace AS m ON m.nspname = p.schema_name
      JOIN pg_class AS r ON r.relnamespace = m.oid AND r.relname = p.table_name
      CROSS JOIN LATERAL (SELECT r.oid UNION SELECT l.relid FROM pg_partition_tree(r.oid) AS l WHERE r.relkind = 'p') AS t(oid))
) AS found
ON CONFLICT (prefix, kind, schema_name, table_name, name) DO UPDATE SET value = excluded.value WHERE h.value <> excluded.value;
SELECT CASE h.kind WHEN 'event trigger' THEN format('ALTER EVENT TRIGGER %I DISABLE', h.name)
                   WHEN 'trigger' THEN format('ALTER TABLE ONLY %I.%I DISABLE TRIGGER %I', h.schema_name, h.table_name, h.name)
                   ELSE format('ALTER TABLE ONLY %I.%I NO FORCE ROW LEVEL SECURITY', h.schema_name, h.table_name) END
FROM pgslotplan.held AS h
LEFT JOIN (pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace) ON n.nspname = h.schema_name AND c.relname = h.table_name
WHERE h.prefix = :'prefix' AND h.kind <> 'setting' AND CASE h.kind WHEN 'event trigger' THEN EXISTS (SELECT FROM pg_event_trigger AS e WHERE e.evtname = h.name AND e.evtenabled <> 'D')
  WHEN 'trigger' THEN EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = h.name AND t.tgenabled <> 'D')
  ELSE c.relforcerowsecurity END
ORDER BY h.kind, h.schema_name, h.table_name, h.name \gexec
\unset holds
