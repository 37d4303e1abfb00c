-- No foreign key of :side joins a table whose TRUNCATE is replicated with one outside its slot, except those that the plan
-- cuts. A key of or to a partition root counts for all of its partitions.
\ir members.sql
WITH named AS (
  SELECT p.schema_name, p.table_name, p.slot_name, p.truncates FROM pg_temp.planned_table AS p
  UNION
  SELECT l.schema_name, l.table_name, p.slot_name, p.truncates
  FROM pg_temp.planned_partition AS l JOIN pg_temp.planned_table AS p ON p.schema_name = l.root_schema AND p.table_name = l.root_name
), listed AS (
  SELECT c.oid, p.slot_name, p.truncates
  FROM named AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
), planned AS (
  SELECT * FROM listed
  UNION SELECT a.relid, slot_name, truncates FROM listed CROSS JOIN LATERAL pg_partition_ancestors(oid) AS a
)
SELECT pg_temp.refuse(array_agg(line ORDER BY line), format('foreign keys of the %s join two slots, and the plan does not know them', :'side'),
  'A replicated TRUNCATE of the referenced table would stop its slot forever. Drop them, or sample and plan again.') AS refused
FROM (
  SELECT DISTINCT format('foreign key %I of table %s references table %s', k.conname, k.conrelid::regclass, k.confrelid::regclass)
  FROM pg_constraint AS k
  JOIN planned AS referenced ON referenced.oid = k.confrelid AND referenced.truncates
  WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid <> k.confrelid
    AND (NOT EXISTS (SELECT FROM planned AS r WHERE r.oid = k.conrelid AND r.slot_name = referenced.slot_name)
         OR EXISTS (SELECT FROM planned AS r WHERE r.oid = k.conrelid AND r.slot_name <> referenced.slot_name))
    AND NOT EXISTS (SELECT FROM pg_temp.planned_foreign_key AS cut
      JOIN pg_namespace AS n ON n.nspname = cut.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = cut.table_name
      WHERE cut.is_restored AND cut.constraint_name = k.conname AND c.oid = k.conrelid)
) AS found(line) \gset
