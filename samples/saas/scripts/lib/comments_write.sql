-- Remembers comments, which come as CSV on standard input, with the dropped foreign keys that have none yet.
\ir subscriber.sql
CREATE TEMP TABLE wanted_comment (schema_name name, table_name name, constraint_name name, description text);
\copy pg_temp.wanted_comment FROM pstdin (FORMAT csv)
SELECT pg_temp.has_state('dropped_foreign_key') AS foreign_keys_dropped \gset
\if :foreign_keys_dropped
UPDATE pgslotplan.dropped_foreign_key AS d SET description = w.description FROM pg_temp.wanted_comment AS w
WHERE d.prefix = :'prefix' AND d.schema_name = w.schema_name AND d.table_name = w.table_name AND d.constraint_name = w.constraint_name
  AND d.description IS NULL;
\endif
