-- Opens the new database, and notes in the same transaction that it is open.
\ir subscriber.sql
\ir take_part.sql
BEGIN;
SELECT pg_temp.has_state('opened') AS has_state \gset
CREATE TABLE IF NOT EXISTS pgslotplan.opened (prefix text PRIMARY KEY, opened_at timestamptz NOT NULL DEFAULT now());
INSERT INTO pgslotplan.opened (prefix) VALUES (:'prefix') ON CONFLICT DO NOTHING;
\ir open_writes.sql
COMMIT;
