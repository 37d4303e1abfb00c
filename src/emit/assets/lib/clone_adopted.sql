-- Refuses a clone that was not adopted.
\set session_side clone
\ir session.sql
\ir load.sql
\set states '{loaded}'
SELECT format('Run %s first.', :'step_adopt') AS state_hint \gset
\ir require_state.sql
