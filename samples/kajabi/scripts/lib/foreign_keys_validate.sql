-- Checks every row against the restored foreign keys, puts those of partitioned tables on their roots, and compares all of
-- them with what was dropped.
\ir foreign_keys_saved.sql
\if :foreign_keys_dropped
\ir functions_validated.sql
SET statement_timeout = 0;
\ir wall_down.sql
SELECT format('ALTER TABLE %I.%I VALIDATE CONSTRAINT %I', schema_name, table_name, constraint_name)
FROM pg_temp.saved
JOIN pg_constraint AS k ON k.conrelid = table_oid AND k.conname = constraint_name AND k.contype = 'f' AND NOT k.convalidated
WHERE validated
ORDER BY pg_relation_size(table_oid), schema_name, table_name, constraint_name \gexec
SELECT format('ALTER TABLE %I.%I VALIDATE CONSTRAINT %I', n.nspname, l.relname, k.conname)
FROM pg_temp.saved
JOIN LATERAL pg_partition_tree(table_oid) AS t ON t.isleaf
JOIN pg_class AS l ON l.oid = t.relid JOIN pg_namespace AS n ON n.oid = l.relnamespace
JOIN pg_constraint AS k ON k.conrelid = l.oid AND k.conname = constraint_name AND k.contype = 'f' AND NOT k.convalidated
WHERE saved.relkind = 'p' AND :'roots_take_not_valid' = 'off'
ORDER BY pg_relation_size(l.oid), n.nspname, l.relname \gexec
SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', schema_name, table_name, constraint_name, definition)
FROM pg_temp.saved
WHERE relkind = 'p' AND :'roots_take_not_valid' = 'off'
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = table_oid AND k.conname = constraint_name)
ORDER BY schema_name, table_name, constraint_name \gexec
\ir wall_up.sql
SELECT format('COMMENT ON CONSTRAINT %I ON %I.%I IS %L', constraint_name, schema_name, table_name, description)
FROM pg_temp.saved WHERE description IS NOT NULL \gexec
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'foreign keys are not what they were', 'Run the step before this one, and this one again.') AS refused
FROM (
  SELECT format('foreign key %I of table %I.%I is %s, but was %s', constraint_name, schema_name, table_name,
                coalesce(pg_get_constraintdef(k.oid), 'missing'), definition)
  FROM pg_temp.saved LEFT JOIN pg_constraint AS k ON k.conrelid = table_oid AND k.conname = constraint_name AND k.contype = 'f'
  WHERE pg_get_constraintdef(k.oid) IS DISTINCT FROM definition
) AS found(line) \gset
\endif
