-- Keys are made when all rows are there; what replica identities the tables had is remembered.
\ir subscriber.sql
\ir require_mark.sql
\set states '{loaded,started}'
\set state_hint 'Run ' :step_snapshot ' to its end first.'
\ir require_state.sql
-- an index that is a replica identity on the publisher by now comes as one
\ir members.sql
SELECT EXISTS (SELECT FROM pg_temp.planned_table AS p WHERE p.sets_identity AND p.identity = 'i') AS sets_index \gset
\if :sets_index
\set chosen subscriber
\ir identities_noted.sql
\endif
