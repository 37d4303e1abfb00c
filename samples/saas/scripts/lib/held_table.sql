-- What rests, or waits, until this server is opened: for a trigger or an event trigger how it was enabled, for a setting its value.
SELECT pg_temp.has_state('held') AS has_held \gset
\if :has_held \else
\ir state.sql
CREATE TABLE IF NOT EXISTS pgslotplan.held (
    prefix text NOT NULL, kind text NOT NULL, schema_name name NOT NULL, table_name name NOT NULL, name name NOT NULL,
    value text NOT NULL, PRIMARY KEY (prefix, kind, schema_name, table_name, name));
SELECT pg_temp.close_state() AS has_state \gset
\endif
