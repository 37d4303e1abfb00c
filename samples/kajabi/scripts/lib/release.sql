-- Gives back to the letter what rested while this server received, and what waited for it. Event triggers come last, so that none fires for it.
SELECT pg_temp.has_state('held') AS holds \gset
\if :holds
\ir setting_statement.sql
SELECT CASE h.kind WHEN 'setting' THEN pg_temp.setting_statement(h.schema_name, h.table_name, h.name, h.value)
                   WHEN 'event trigger' THEN format('ALTER EVENT TRIGGER %I %s', h.name, w.word)
                   WHEN 'trigger' THEN format('ALTER TABLE ONLY %I.%I %s TRIGGER %I', h.schema_name, h.table_name, w.word, h.name)
                   ELSE format('ALTER TABLE ONLY %I.%I FORCE ROW LEVEL SECURITY', h.schema_name, h.table_name) END
FROM pgslotplan.held AS h
CROSS JOIN LATERAL (VALUES (CASE h.value WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END)) AS w(word)
LEFT JOIN (pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace) ON n.nspname = h.schema_name AND c.relname = h.table_name
WHERE h.prefix = :'prefix' AND CASE h.kind WHEN 'setting' THEN true WHEN 'event trigger' THEN EXISTS (SELECT FROM pg_event_trigger AS e WHERE e.evtname = h.name AND e.evtenabled::text <> h.value)
  WHEN 'trigger' THEN EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = h.name AND t.tgenabled::text <> h.value)
  ELSE NOT c.relforcerowsecurity END
ORDER BY h.kind = 'event trigger', h.kind, h.schema_name, h.table_name, h.name \gexec
DELETE FROM pgslotplan.held WHERE prefix = :'prefix';
\endif
