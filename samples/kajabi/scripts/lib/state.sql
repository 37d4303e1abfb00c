-- Makes the schema for what must be remembered, or refuses one that somebody else made.
CREATE SCHEMA IF NOT EXISTS pgslotplan;
SELECT pg_temp.close_state() AS has_state \gset
