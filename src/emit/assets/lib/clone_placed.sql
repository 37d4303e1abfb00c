-- The slots were found to be behind the clone's end.
\ir subscriber.sql
\set state placed
\ir set_state.sql
