-- Where dropped foreign keys are remembered.
\ir state.sql
CREATE TABLE IF NOT EXISTS pgslotplan.dropped_foreign_key (
    prefix text NOT NULL, schema_name name NOT NULL, table_name name NOT NULL, constraint_name name NOT NULL,
    definition text NOT NULL, validated boolean NOT NULL, description text,
    PRIMARY KEY (prefix, schema_name, table_name, constraint_name));
SELECT pg_temp.close_state() AS has_state \gset
