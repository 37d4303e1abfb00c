-- Refuses to open the new server by hand while a step that comes before it is not done here.
\ir subscriber.sql
\ir require_mark.sql
\ir require_closed.sql
\ir require_stopped.sql
\if :cuts_foreign_keys
\ir foreign_keys_missing.sql
SELECT pg_temp.refuse(array_agg(format('%I of table %I.%I', constraint_name, schema_name, table_name) ORDER BY schema_name, table_name, constraint_name), 'foreign keys are not back',
  :'step_foreign_keys_restore' || ' comes first.') AS refused FROM pg_temp.missing_key \gset
\endif
\ir way_back.sql
\if :goes_back \ir reverse_slots_there.sql \endif
