-- Opens the new database, gives back what rested, and notes in the same transaction that it is open. If :frozen, DDL is refused here from
-- now on: it is not replicated, and would stop the way back.
\ir subscriber.sql
\ir take_part.sql
BEGIN;
CREATE TABLE IF NOT EXISTS pgslotplan.opened (prefix text PRIMARY KEY, opened_at timestamptz NOT NULL DEFAULT now());
SELECT pg_temp.close_state() AS has_state \gset
INSERT INTO pgslotplan.opened (prefix) VALUES (:'prefix') ON CONFLICT DO NOTHING;
\ir open_writes.sql
\ir release.sql
\ir way_back.sql
SELECT :'frozen'::boolean AND :'goes_back'::boolean AND rolsuper AS freezes FROM pg_roles WHERE rolname = current_user \gset
\if :freezes \ir freeze.sql \endif
COMMIT;
