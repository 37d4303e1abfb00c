-- The dropped foreign keys that are not back, and where each goes, as the temporary table missing_key. A partitioned table takes a NOT
-- VALID foreign key from 18 on only; before, its partitions get theirs one by one, and the root takes the validated ones over.
\ir foreign_keys_saved.sql
DROP TABLE IF EXISTS pg_temp.missing_key;
CREATE TEMP TABLE missing_key AS
SELECT schema_name, table_name, constraint_name, definition_not_valid
FROM pg_temp.saved
WHERE (relkind = 'r' OR relkind = 'p' AND :'roots_take_not_valid' = 'on')
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = table_oid AND k.conname = constraint_name)
UNION ALL
SELECT n.nspname, l.relname, constraint_name, definition_not_valid
FROM pg_temp.saved
JOIN LATERAL pg_partition_tree(table_oid) AS t ON t.isleaf
JOIN pg_class AS l ON l.oid = t.relid JOIN pg_namespace AS n ON n.oid = l.relnamespace
WHERE saved.relkind = 'p' AND l.relkind = 'r' AND :'roots_take_not_valid' = 'off'
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = table_oid AND k.conname = constraint_name)
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = l.oid AND k.conname = constraint_name);
