-- Opens the writes on the new server again.
\ir subscriber.sql
\ir open_writes.sql
\ir release.sql
