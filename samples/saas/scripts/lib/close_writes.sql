-- Makes the database read-only for every role, also for those with a setting of their own; what was set before is remembered.
\ir state.sql
CREATE TABLE IF NOT EXISTS pgslotplan.stopped_writes (
    prefix text NOT NULL, role_name name NOT NULL, old_value text,
    stopped_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (prefix, role_name));
SELECT pg_temp.close_state() AS has_state \gset
-- each role whose own setting wins over that of the database gets one for this database
\ir open_roles.sql
INSERT INTO pgslotplan.stopped_writes (prefix, role_name, old_value)
SELECT :'prefix', '', (SELECT substr(c, length('default_transaction_read_only=') + 1) FROM pg_db_role_setting AS own, unnest(own.setconfig) AS c
    WHERE own.setrole = 0 AND own.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) AND c LIKE 'default\_transaction\_read\_only=%')
UNION ALL
SELECT :'prefix', rolname, value_here FROM pg_temp.open_roles() JOIN pg_roles USING (oid)
ON CONFLICT DO NOTHING;
SELECT CASE WHEN role_name = '' THEN format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database())
            ELSE format('ALTER ROLE %I IN DATABASE %I SET default_transaction_read_only = on', role_name, current_database()) END
FROM pgslotplan.stopped_writes WHERE prefix = :'prefix' \gexec
