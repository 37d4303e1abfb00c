-- Makes the new database read-only until it is opened: a PgBouncer that is restarted must not write there too early.
\ir subscriber.sql
\ir require_mark.sql
\ir way_back.sql
\if :goes_back \ir reverse_publications_there.sql \endif
\ir close_writes.sql
