-- Makes the schema for what must be remembered, or refuses one that somebody else made.
SELECT pg_temp.has_state('') AS has_state \gset
CREATE SCHEMA IF NOT EXISTS pgslotplan;
SELECT pg_temp.has_state('') AS has_state \gset
