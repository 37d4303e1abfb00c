-- Foreign keys that the emptying dropped return and are validated; then the repair is over.
\ir subscriber.sql
\ir repaired.sql
\ir require_mark.sql
\ir tables_not_ready.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'tables are not ready', format('Run %s first.', :'step_repair_ready')) AS refused
FROM pg_temp.tables_not_ready() AS line \gset
\set kept_as :prefix '/repair'
SELECT pg_temp.has_state('dropped_foreign_key') AS has_dropped \gset
\if :has_dropped
-- functions that a validation would run are looked for behind these tables
INSERT INTO pg_temp.planned_relation (slot_number, slot_name, subscription_name, schema_name, table_name, is_only, needs_key)
SELECT DISTINCT 0, '', '', schema_name, table_name, false, false FROM pgslotplan.dropped_foreign_key WHERE prefix = :'kept_as';
\ir foreign_keys_return.sql
\endif
SELECT pg_temp.has_state('repair') AS has_repair \gset
\if :has_repair
DELETE FROM pgslotplan.repair WHERE prefix = :'prefix' AND repair = :'repair';
SELECT NOT EXISTS (SELECT FROM pgslotplan.repair) AS none_left \gset
\if :none_left
DROP TABLE pgslotplan.repair;
\endif
\endif
