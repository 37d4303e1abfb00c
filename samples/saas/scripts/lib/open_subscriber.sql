-- Opens the new database, and notes in the same transaction that it is open.
\ir subscriber.sql
\ir take_part.sql
BEGIN;
SELECT NOT pg_temp.has_state('opened') AS table_is_missing \gset
\if :table_is_missing
CREATE TABLE pgslotplan.opened (prefix text PRIMARY KEY, opened_at timestamptz NOT NULL DEFAULT now());
\endif
INSERT INTO pgslotplan.opened (prefix) VALUES (:'prefix') ON CONFLICT DO NOTHING;
\ir open_writes.sql
COMMIT;
