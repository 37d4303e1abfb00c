-- Slots and publications that carry nothing any more.
\ir transition.sql
\ir publications_exact.sql
SELECT pg_temp.refuse(array_agg(format('publication %I has tables', p.pubname)), 'publications that should carry nothing have tables', 'Look who added them.') AS refused
FROM pg_temp.running_publication AS r JOIN pg_publication AS p ON p.pubname = r.publication_name
WHERE NOT EXISTS (SELECT FROM pg_temp.planned_publication AS b WHERE b.publication_name = r.publication_name)
  AND EXISTS (SELECT FROM pg_publication_rel AS m WHERE m.prpubid = p.oid) \gset
CREATE TEMP TABLE leaving AS SELECT slot_name FROM pg_temp.running_slot WHERE slot_name NOT IN (SELECT slot_name FROM pg_temp.planned_slot);
\set slots leaving
SELECT 'Run ' || :'step_transition_adopt' || ' first.' AS slots_hint \gset
\ir slots_drop.sql
SELECT format('DROP PUBLICATION %I', p.pubname) FROM pg_temp.running_publication AS r JOIN pg_publication AS p ON p.pubname = r.publication_name
WHERE NOT EXISTS (SELECT FROM pg_temp.planned_publication AS b WHERE b.publication_name = r.publication_name) \gexec
