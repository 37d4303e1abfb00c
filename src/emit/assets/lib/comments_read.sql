-- Comments on the foreign keys that are restored at the cutover, as CSV.
\ir publisher.sql
\ir members.sql
\ir read_only.sql
COPY (SELECT n.nspname, c.relname, k.conname, obj_description(k.oid, 'pg_constraint')
      FROM pg_temp.planned_foreign_key AS cut
      JOIN pg_namespace AS n ON n.nspname = cut.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = cut.table_name
      JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.conname = cut.constraint_name
      WHERE cut.is_restored AND obj_description(k.oid, 'pg_constraint') IS NOT NULL) TO STDOUT (FORMAT csv);
