-- Empties the tables of this part, once, in one transaction: ordinary tables and the ordinary partitions of roots, each alone, so that
-- nothing unplanned below them is lost. Foreign keys of other tables to them are dropped in it, and remembered: foreign_keys_drop.sql
-- says how. Triggers for TRUNCATE rest meanwhile, our own guard too. Nothing is emptied of a part that has started again.
\set repair_states '{stopped,emptied,started}'
\ir repair_state.sql
SELECT count(*) > 0 AS empties FROM pgslotplan.repair WHERE prefix = :'prefix' AND repair = :'repair' AND state <> 'started' \gset
\if :empties
\ir repair_unlisted.sql
\set kept_as :prefix '/repair'
\ir empty_tables.sql
-- what came empty from a snapshot comes anew
SELECT pg_temp.has_state('piece') AS has_pieces \gset
\if :has_pieces
UPDATE pgslotplan.piece AS p SET emptied = false
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT w.relid FROM pg_partition_tree(c.oid) AS w UNION SELECT c.oid) AS t
JOIN pg_temp.emptied AS e ON e.oid = t.relid
WHERE p.prefix = :'prefix' AND p.emptied AND n.nspname = p.target_schema AND c.relname = p.target_name;
\endif
UPDATE pgslotplan.repair SET state = 'emptied' WHERE prefix = :'prefix' AND repair = :'repair';
\endif
