-- Partitions that are in no publication yet join the one of the newest partition beside them, locked; what their publications do not
-- replicate is guarded. A partition without replica identity would refuse UPDATE and DELETE as soon as it is published.
\ir publisher.sql
\ir members.sql
CREATE TEMP TABLE newcomer AS
WITH listed AS (
  SELECT p.publication_name, p.publishes_changes, c.oid, pg_partition_root(c.oid) AS root FROM pg_temp.planned_table AS p
  JOIN pg_namespace AS n ON n.nspname = p.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
  WHERE c.relispartition AND NOT p.is_filtered
)
SELECT l.oid, n.nspname AS schema_name, l.relname AS table_name, beside.publication_name, beside.publishes_changes
FROM (SELECT DISTINCT root FROM listed) AS tree CROSS JOIN LATERAL pg_partition_tree(tree.root) AS t
JOIN pg_class AS l ON l.oid = t.relid AND l.relkind = 'r' AND l.relpersistence = 'p' JOIN pg_namespace AS n ON n.oid = l.relnamespace
CROSS JOIN LATERAL (SELECT i.publication_name, i.publishes_changes FROM listed AS i WHERE i.root = tree.root ORDER BY i.oid DESC LIMIT 1) AS beside
WHERE t.isleaf AND NOT EXISTS (SELECT FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
    JOIN pg_temp.planned_publication AS b ON b.publication_name = p.pubname WHERE r.prrelid IN (SELECT l.oid UNION SELECT relid FROM pg_partition_ancestors(l.oid)))
  AND NOT EXISTS (SELECT FROM pg_temp.planned_excluded AS e WHERE e.because = 'choice' AND (e.schema_name, e.table_name) = (n.nspname, l.relname));
SELECT pg_temp.refuse(array_agg(format('partition %I.%I', schema_name, table_name)), 'partitions have no replica identity: their UPDATE and DELETE would fail once published',
  'Give each a primary key, or ALTER TABLE ... REPLICA IDENTITY, then run this again.') AS refused
FROM pg_temp.newcomer AS w JOIN pg_class AS c USING (oid) WHERE publishes_changes AND c.relreplident <> 'f' AND CASE c.relkind WHEN 'r' THEN pg_get_replica_identity_index(c.oid) IS NULL END \gset
CREATE OR REPLACE FUNCTION pg_temp.place() RETURNS TABLE (schema_name name, table_name name, member text, from_publication name, to_publication name,
  is_from boolean, is_to boolean, is_there boolean) LANGUAGE sql STABLE AS $pgslotplan$
  SELECT w.schema_name, w.table_name, format('%I.%I', w.schema_name, w.table_name), NULL::name, w.publication_name, false,
         EXISTS (SELECT FROM pg_publication AS p JOIN pg_publication_rel AS r ON r.prpubid = p.oid WHERE p.pubname = w.publication_name AND r.prrelid = w.oid), true
  FROM pg_temp.newcomer AS w
$pgslotplan$;
\ir switch.sql
