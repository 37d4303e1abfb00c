-- Writes the values of all sequences into :out.
BEGIN;
\ir sequences.sql
\o :out
COPY (SELECT * FROM pg_temp.mine ORDER BY schema_name, sequence_name) TO STDOUT (FORMAT csv);
\o
-- one transaction, whose temporary objects need no other to go: the cutover counts them
ROLLBACK;
