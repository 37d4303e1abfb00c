-- The dropped foreign keys with their tables, as the temporary table saved; :foreign_keys_dropped says whether there are any. Those of
-- the plan and those that a repair left, or only those of :kept_as.
\if :{?kept_as} \else \set kept_as :prefix \endif
SELECT pg_temp.has_state('dropped_foreign_key') AS foreign_keys_dropped \gset
DROP TABLE IF EXISTS pg_temp.saved;
CREATE TEMP TABLE saved (schema_name name, table_name name, constraint_name name, definition text, validated boolean,
    description text, table_oid oid, relkind "char", definition_not_valid text);
\if :foreign_keys_dropped
INSERT INTO pg_temp.saved
SELECT d.schema_name, d.table_name, d.constraint_name, d.definition, d.validated, d.description, c.oid, c.relkind,
       d.definition || CASE WHEN d.definition LIKE '% NOT VALID' OR d.definition LIKE '% NOT ENFORCED' THEN '' ELSE ' NOT VALID' END
FROM pgslotplan.dropped_foreign_key AS d
JOIN pg_namespace AS n ON n.nspname = d.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
WHERE d.prefix IN (:'kept_as', :'kept_as' || '/repair');
\endif
-- those that this plan does not cut, where it follows one that did
\if :{?only_whole} \ir members.sql
DELETE FROM pg_temp.saved AS s USING pg_temp.planned_foreign_key AS k
WHERE k.is_restored AND (s.schema_name, s.table_name, s.constraint_name) = (k.schema_name, k.table_name, k.constraint_name);
\endif
