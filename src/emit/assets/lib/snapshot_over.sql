-- What was copied from a snapshot that is given up. The queue goes first: then nobody takes a piece any more while the tables are emptied.
\ir subscriber.sql
\set table piece
\ir forget.sql
\set table snapshot
\ir forget.sql
\ir exported_over_subscriber.sql
