-- Forgets that this server was opened.
\set table opened
\ir forget.sql
