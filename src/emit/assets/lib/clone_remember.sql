-- Remembers on a clone that was just promoted where it ends, :position. It has the publisher's identity still: who runs this
-- has looked at its data folder.
\set session_side clone
\ir session.sql
\ir load.sql
\ir bootstrap_state.sql
INSERT INTO pgslotplan.bootstrap (prefix, plan_sha256, state, position) VALUES (:'prefix', :'plan_sha256', 'begun', :'position')
ON CONFLICT (prefix) DO NOTHING;
