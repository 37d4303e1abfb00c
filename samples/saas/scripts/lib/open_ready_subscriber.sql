-- Refuses to open the new server by hand while a step that comes before it is not done here.
\ir subscriber.sql
\ir require_mark.sql
\ir require_stopped.sql
\if :cuts_foreign_keys
\ir foreign_keys_table.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'foreign keys are not back', :'step_foreign_keys_restore' || ' comes first.') AS refused
FROM (
  SELECT format('%I of table %I.%I', d.constraint_name, d.schema_name, d.table_name) FROM pgslotplan.dropped_foreign_key AS d
  WHERE d.prefix = :'prefix' AND NOT EXISTS (SELECT FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conname = d.constraint_name AND c.relname = d.table_name AND n.nspname = d.schema_name)
) AS found(line) \gset
\endif
\ir way_back.sql
\if :goes_back
SELECT pg_temp.refuse(array_agg(format('slot %I', m.slot_name) ORDER BY m.slot_name), 'slots of the way back are missing', :'step_reverse_slots' || ' comes first.') AS refused
FROM pg_temp.planned_mirror AS m WHERE NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = m.slot_name) \gset
\endif
