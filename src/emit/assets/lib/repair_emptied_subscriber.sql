-- The tables of this part were emptied by this repair, so that its slots may be made.
\ir subscriber.sql
\ir repaired.sql
\ir require_mark.sql
\ir before_cutover.sql
\set repair_states '{emptied,started}'
\ir repair_state.sql
