-- Tables with rows of their own that are neither in the plan nor excluded by it, nor below one that is: :unplanned, a text[]. A root that
-- is left out while partitions of it are planned stands for none.
\ir members.sql
WITH known AS (
  SELECT schema_name, table_name FROM pg_temp.planned_table UNION SELECT schema_name, table_name FROM pg_temp.planned_excluded WHERE because <> 'kind'
), apart AS (
  SELECT DISTINCT a.relid FROM pg_temp.planned_table AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name AND c.relispartition
  CROSS JOIN LATERAL pg_partition_ancestors(c.oid) AS a
)
SELECT coalesce(array_agg(format('table %I.%I is neither in the plan nor excluded by it: nothing replicates it', n.nspname, c.relname)), '{}') AS unplanned
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgslotplan')
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
    AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')
  AND NOT EXISTS (SELECT FROM (SELECT c.oid UNION SELECT relid FROM pg_partition_ancestors(c.oid)) AS t(oid)
    JOIN pg_class AS r ON r.oid = t.oid JOIN pg_namespace AS m ON m.oid = r.relnamespace
    JOIN known ON known.schema_name = m.nspname AND known.table_name = r.relname
    WHERE t.oid = c.oid OR t.oid NOT IN (SELECT relid FROM apart)) \gset
