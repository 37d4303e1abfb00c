-- Keys are made when all rows are there.
\ir subscriber.sql
\ir require_mark.sql
\set states '{loaded,started}'
\set state_hint 'Run ' :step_snapshot ' to its end first.'
\ir require_state.sql
