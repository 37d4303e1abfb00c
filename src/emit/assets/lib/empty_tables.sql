-- Empties the relations of pg_temp.planned_relation in one transaction. Foreign keys to them from elsewhere are remembered as those of
-- :kept_as and dropped; triggers for TRUNCATE rest meanwhile.
\ir foreign_keys_table.sql
DROP TABLE IF EXISTS pg_temp.emptied;
CREATE TEMP TABLE emptied AS
SELECT DISTINCT l.oid, m.nspname, l.relname
FROM pg_temp.planned_relation AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
JOIN LATERAL (SELECT c.oid WHERE c.relkind = 'r' UNION ALL SELECT t.relid FROM pg_partition_tree(c.oid) AS t WHERE c.relkind = 'p' AND t.isleaf) AS t(oid) ON true
JOIN pg_class AS l ON l.oid = t.oid AND l.relkind = 'r' JOIN pg_namespace AS m ON m.oid = l.relnamespace;
DROP TABLE IF EXISTS pg_temp.referring;
CREATE TEMP TABLE referring AS
SELECT k.oid, n.nspname, c.relname, k.conname FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT EXISTS (SELECT FROM pg_temp.emptied AS e WHERE e.oid = k.conrelid)
  AND EXISTS (SELECT FROM pg_temp.emptied AS e WHERE e.oid = k.confrelid OR k.confrelid IN (SELECT a.relid FROM pg_partition_ancestors(e.oid) AS a));
INSERT INTO pgslotplan.dropped_foreign_key
SELECT :'kept_as', r.nspname, r.relname, r.conname, pg_get_constraintdef(k.oid), k.convalidated, obj_description(k.oid, 'pg_constraint')
FROM pg_temp.referring AS r JOIN pg_constraint AS k ON k.oid = r.oid
ON CONFLICT DO NOTHING;
DROP TABLE IF EXISTS pg_temp.resting;
CREATE TEMP TABLE resting AS
SELECT e.nspname, e.relname, t.tgname, CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END AS word
FROM pg_temp.emptied AS e JOIN pg_trigger AS t ON t.tgrelid = e.oid AND NOT t.tgisinternal AND t.tgtype & 32 <> 0 AND t.tgenabled <> 'D';
BEGIN;
SELECT format('ALTER TABLE %I.%I DROP CONSTRAINT %I', nspname, relname, conname) FROM pg_temp.referring ORDER BY nspname, relname, conname \gexec
SELECT format('ALTER TABLE ONLY %I.%I DISABLE TRIGGER %I', nspname, relname, tgname) FROM pg_temp.resting ORDER BY nspname, relname, tgname \gexec
SELECT 'TRUNCATE ' || string_agg(format('ONLY %I.%I', nspname, relname), ', ' ORDER BY nspname, relname) FROM pg_temp.emptied HAVING count(*) > 0 \gexec
SELECT format('ALTER TABLE ONLY %I.%I %s TRIGGER %I', nspname, relname, word, tgname) FROM pg_temp.resting ORDER BY nspname, relname, tgname \gexec
COMMIT;
