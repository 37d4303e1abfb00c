-- Removes this plan's rows from the state table :table, and the table with its last row.
SELECT pg_temp.has_state(:'table') AS has_table \gset
\if :has_table
DELETE FROM pgslotplan.:"table" WHERE prefix = :'prefix';
SELECT NOT EXISTS (SELECT FROM pgslotplan.:"table") AS none_left \gset
\if :none_left
DROP TABLE pgslotplan.:"table";
\endif
\endif
