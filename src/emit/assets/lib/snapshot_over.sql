-- What was copied from a snapshot that is gone: nothing of it is known any more, once nobody writes rows of it and the tables are empty.
\ir exported_over_subscriber.sql
\set table piece
\ir forget.sql
\set table snapshot
\ir forget.sql
