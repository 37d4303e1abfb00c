-- Stops the writes on the new server.
\ir subscriber.sql
\ir stop_writes.sql
