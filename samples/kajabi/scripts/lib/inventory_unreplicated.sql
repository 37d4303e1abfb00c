-- Tables of this side whose rows nothing brings to the other one, as facts of the inventory: neither a member of the plan's publications
-- nor below one, nor left out by somebody's choice. What a table was when it was sampled does not count: it may be another kind by now.
\ir members.sql
COPY (
WITH known AS (
  SELECT schema_name, table_name, true AS sends FROM pg_temp.planned_table
  UNION ALL SELECT schema_name, table_name, false FROM pg_temp.planned_excluded WHERE because = 'choice'
)
SELECT 'relation', json_build_array(n.nspname, c.relname), 'replicated', CASE WHEN c.relkind = 'f' THEN 'no: foreign table'
  WHEN c.relpersistence = 'u' THEN 'no: unlogged table' ELSE 'no: neither in the plan nor left out by choice' END
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'f') AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgslotplan')
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  AND NOT EXISTS (SELECT FROM (SELECT c.oid UNION SELECT relid FROM pg_partition_ancestors(c.oid)) AS t(oid)
    JOIN pg_class AS r ON r.oid = t.oid JOIN pg_namespace AS m ON m.oid = r.relnamespace
    JOIN known AS k ON k.schema_name = m.nspname AND k.table_name = r.relname
    WHERE NOT k.sends OR c.relkind = 'r' AND c.relpersistence = 'p')
) TO STDOUT;
