-- All data is there.
\ir subscriber.sql
\set state loaded
\ir set_state.sql
