-- Makes the new database read-only until it is opened: a PgBouncer that is restarted must not write there too early.
\ir subscriber.sql
\ir require_mark.sql
\ir reverse_publications_there.sql
\ir close_writes.sql
