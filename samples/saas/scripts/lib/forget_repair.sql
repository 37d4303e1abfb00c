-- Forgets a repair that did not come to its end.
\set table repair
\ir forget.sql
