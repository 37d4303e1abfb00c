-- The first load begins: the tables are empty.
\ir subscriber.sql
\ir subscriber_empty.sql
\set state begun
\ir set_state.sql
