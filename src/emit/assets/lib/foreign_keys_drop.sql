-- Drops the foreign keys that the plan cuts, and remembers them. What is remembered is what this server had:
-- pg_get_constraintdef, comment and validity are stored before anything is dropped, so that a file that is stopped in the
-- middle can be run again. One that this server lacks is remembered as the publisher has it, so that it is restored too.
\if :cuts_foreign_keys
\ir foreign_keys_table.sql
\ir members.sql
INSERT INTO pgslotplan.dropped_foreign_key
SELECT :'prefix', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated, obj_description(k.oid, 'pg_constraint')
FROM pg_temp.planned_foreign_key AS cut
JOIN pg_namespace AS n ON n.nspname = cut.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = cut.table_name
JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.conname = cut.constraint_name AND k.contype = 'f' AND k.conparentid = 0
WHERE cut.is_restored
ON CONFLICT DO NOTHING;
-- spelled here, by this server, as pg_get_constraintdef does
INSERT INTO pgslotplan.dropped_foreign_key
SELECT :'prefix', cut.schema_name, cut.table_name, cut.constraint_name,
       format('FOREIGN KEY (%s) REFERENCES %I.%I(%s)%s%s%s%s%s',
         (SELECT string_agg(CASE WHEN cut.has_period AND place = cardinality(cut.columns) THEN 'PERIOD ' ELSE '' END || quote_ident(name), ', ' ORDER BY place)
            FROM unnest(cut.columns) WITH ORDINALITY AS c(name, place)),
         cut.to_schema, cut.to_name,
         (SELECT string_agg(CASE WHEN cut.has_period AND place = cardinality(cut.to_columns) THEN 'PERIOD ' ELSE '' END || quote_ident(name), ', ' ORDER BY place)
            FROM unnest(cut.to_columns) WITH ORDINALITY AS c(name, place)),
         CASE cut.match_type WHEN 'f' THEN ' MATCH FULL' WHEN 'p' THEN ' MATCH PARTIAL' ELSE '' END,
         CASE cut.update_action WHEN 'r' THEN ' ON UPDATE RESTRICT' WHEN 'c' THEN ' ON UPDATE CASCADE' WHEN 'n' THEN ' ON UPDATE SET NULL'
           WHEN 'd' THEN ' ON UPDATE SET DEFAULT' ELSE '' END,
         CASE cut.delete_action WHEN 'r' THEN ' ON DELETE RESTRICT' WHEN 'c' THEN ' ON DELETE CASCADE' WHEN 'n' THEN ' ON DELETE SET NULL'
           WHEN 'd' THEN ' ON DELETE SET DEFAULT' ELSE '' END
           || coalesce((SELECT ' (' || string_agg(quote_ident(name), ', ' ORDER BY place) || ')'
                          FROM unnest(cut.delete_columns) WITH ORDINALITY AS c(name, place)), ''),
         CASE WHEN cut.is_deferrable THEN ' DEFERRABLE' ELSE '' END || CASE WHEN cut.is_deferred THEN ' INITIALLY DEFERRED' ELSE '' END,
         CASE WHEN NOT cut.is_enforced THEN ' NOT ENFORCED' WHEN NOT cut.is_validated THEN ' NOT VALID' ELSE '' END),
       cut.is_validated AND cut.is_enforced, NULL
FROM pg_temp.planned_foreign_key AS cut
WHERE cut.is_restored AND cardinality(cut.columns) > 0
ON CONFLICT DO NOTHING;
SELECT pg_temp.warn(array_agg(line ORDER BY line), 'neither this server nor the plan has the definition of this foreign key: it will not be restored') AS warned
FROM (
  SELECT format('%I of table %I.%I', cut.constraint_name, cut.schema_name, cut.table_name) FROM pg_temp.planned_foreign_key AS cut
  WHERE cut.is_restored AND NOT EXISTS (SELECT FROM pgslotplan.dropped_foreign_key AS d WHERE d.prefix = :'prefix'
    AND d.schema_name = cut.schema_name AND d.table_name = cut.table_name AND d.constraint_name = cut.constraint_name)
) AS found(line) \gset
SELECT format('ALTER TABLE %I.%I DROP CONSTRAINT %I', d.schema_name, d.table_name, d.constraint_name)
FROM pgslotplan.dropped_foreign_key AS d
JOIN pg_namespace AS n ON n.nspname = d.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
WHERE d.prefix = :'prefix' AND EXISTS (SELECT FROM pg_constraint AS k
  WHERE k.conrelid = c.oid AND k.conname = d.constraint_name AND k.contype = 'f' AND k.conparentid = 0)
ORDER BY d.schema_name, d.table_name, d.constraint_name \gexec
\endif
