-- Forgets how far the data of the plan came.
\set table piece
\ir forget.sql
\set table snapshot
\ir forget.sql
\set table bootstrap
\ir forget.sql
