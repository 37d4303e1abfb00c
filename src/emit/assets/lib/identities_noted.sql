-- Remembers the replica identities of the tables that :chosen names, before they change: see lib/identities.sql.
SELECT set_config('pgslotplan.chosen', :'chosen', false) AS chosen \gset
\ir state.sql
\ir members.sql
DROP TABLE IF EXISTS pg_temp.identity_relation;
CREATE TEMP TABLE identity_relation AS
SELECT DISTINCT n.nspname, l.relname, l.oid, l.relreplident, planned.identity, planned.identity_columns AS columns
FROM pg_temp.planned_table AS planned
JOIN pg_namespace AS root_schema ON root_schema.nspname = planned.schema_name
JOIN pg_class AS root ON root.relnamespace = root_schema.oid AND root.relname = planned.table_name
JOIN LATERAL (SELECT root.oid UNION SELECT relid FROM pg_partition_tree(root.oid)) AS t(oid) ON true
JOIN pg_class AS l ON l.oid = t.oid
JOIN pg_namespace AS n ON n.oid = l.relnamespace
WHERE planned.sets_identity AND CASE :'chosen' WHEN 'forward' THEN true WHEN 'subscriber' THEN planned.identity = 'i' ELSE planned.identity = 'f' END;
CREATE TABLE IF NOT EXISTS pgslotplan.changed_identity (
    prefix text NOT NULL, schema_name name NOT NULL, table_name name NOT NULL, identity "char" NOT NULL,
    index_name name, PRIMARY KEY (prefix, schema_name, table_name));
SELECT pg_temp.close_state() AS has_state \gset
INSERT INTO pgslotplan.changed_identity (prefix, schema_name, table_name, identity, index_name)
SELECT :'prefix', r.nspname, r.relname, r.relreplident,
       (SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = r.oid AND i.indisreplident)
FROM pg_temp.identity_relation AS r WHERE r.relreplident <> r.identity OR r.identity = 'i'
ON CONFLICT DO NOTHING;
