-- Drops the slots that are made again, and what table synchronization workers of their subscriptions left: patterns of names come on
-- standard input. Then takes tables that are copied alone out of their publications, each while nobody writes into it.
\ir publisher.sql
\ir repaired.sql
\ir before_cutover_publisher.sql
\ir repair_slots_known.sql
\ir repair_publications_known.sql
\set slots repaired_slot
SELECT format('Run %s again.', :'step_repair_stop') AS slots_hint \gset
\ir slots_drop.sql
CREATE TEMP TABLE left_over (pattern text);
\copy pg_temp.left_over FROM pstdin
DROP TABLE IF EXISTS pg_temp.left_slot;
CREATE TEMP TABLE left_slot AS SELECT s.slot_name FROM pg_replication_slots AS s
WHERE s.slot_name ~ '^pg_[0-9]+_sync_[0-9]+_[0-9]+$' AND EXISTS (SELECT FROM pg_temp.left_over AS l WHERE s.slot_name ~ l.pattern);
\set slots left_slot
\ir slots_drop.sql
SELECT 'BEGIN', format('LOCK TABLE %s%I.%I IN SHARE ROW EXCLUSIVE MODE', CASE WHEN c.relkind = 'p' THEN '' ELSE 'ONLY ' END, n.nspname, c.relname),
       format('ALTER PUBLICATION %I DROP TABLE ONLY %I.%I', p.pubname, n.nspname, c.relname), 'COMMIT'
FROM pg_temp.repaired_member AS m JOIN pg_publication AS p ON p.pubname = m.publication_name
JOIN pg_namespace AS n ON n.nspname = m.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = m.table_name
JOIN pg_publication_rel AS r ON r.prpubid = p.oid AND r.prrelid = c.oid
ORDER BY p.pubname, n.nspname, c.relname \gexec
