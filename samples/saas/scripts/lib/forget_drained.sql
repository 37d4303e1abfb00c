-- Forgets the drain after a write stop.
\set table drained
\ir forget.sql
