-- Forgets the dropped foreign keys that are there again; refuses while one is not.
\ir foreign_keys_saved.sql
\if :foreign_keys_dropped
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'foreign keys are still dropped',
  'Everything else is cleaned up. Restore them with the steps for it, or give them up: DELETE FROM pgslotplan.dropped_foreign_key; then run this file again.') AS refused
FROM (
  SELECT format('foreign key %I of table %I.%I', constraint_name, schema_name, table_name) FROM pg_temp.saved
  WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = table_oid AND k.conname = constraint_name)
) AS found(line) \gset
DELETE FROM pgslotplan.dropped_foreign_key WHERE prefix IN (:'kept_as', :'kept_as' || '/repair');
SELECT NOT EXISTS (SELECT FROM pgslotplan.dropped_foreign_key) AS none_left \gset
\if :none_left
DROP TABLE pgslotplan.dropped_foreign_key;
\endif
\endif
