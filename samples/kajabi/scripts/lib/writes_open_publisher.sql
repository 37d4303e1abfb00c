-- Opens the writes on the publisher again.
\ir publisher.sql
\ir open_writes.sql
\ir release.sql
