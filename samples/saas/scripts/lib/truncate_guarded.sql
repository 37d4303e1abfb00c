-- Refuses tables whose TRUNCATE would stay on the publisher alone, or stop a slot: the step that guards them was left out.
\if :guards_truncate
\ir truncate_unguarded.sql
SELECT pg_temp.refuse(array_agg(format('table %I.%I', schema_name, table_name) ORDER BY schema_name, table_name),
  'tables are not guarded against TRUNCATE, which is not replicated', :'step_truncate_guard' || ' comes first.') AS refused FROM pg_temp.unguarded() \gset
\endif
