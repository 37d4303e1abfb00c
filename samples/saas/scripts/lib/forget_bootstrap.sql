-- Forgets how far the data of the plan came.
\set table bootstrap
\ir forget.sql
