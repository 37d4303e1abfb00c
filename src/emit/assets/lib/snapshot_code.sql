-- Whose code a statement that reads the table with the oid :relation would run, or none.
\ir snapshot_session.sql
\ir foreign_code.sql
SELECT coalesce(pg_temp.foreign_code(:'relation'::oid), 'none');
