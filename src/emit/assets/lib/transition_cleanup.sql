-- Slots and publications that carry nothing any more.
\ir transition.sql
\ir publications_exact.sql
SELECT pg_temp.refuse(array_agg(format('slot %I', s.slot_name)), 'slots that carry nothing any more are in use', 'Run ' || :'step_transition_adopt' || ' first.') AS refused
FROM pg_temp.running_slot AS r JOIN pg_replication_slots AS s ON s.slot_name = r.slot_name AND s.active
WHERE NOT EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE p.slot_name = r.slot_name) \gset
SELECT pg_temp.refuse(array_agg(format('publication %I has tables', p.pubname)), 'publications that should carry nothing have tables', 'Look who added them.') AS refused
FROM pg_temp.running_publication AS r JOIN pg_publication AS p ON p.pubname = r.publication_name
WHERE NOT EXISTS (SELECT FROM pg_temp.planned_publication AS b WHERE b.publication_name = r.publication_name)
  AND EXISTS (SELECT FROM pg_publication_rel AS m WHERE m.prpubid = p.oid) \gset
SELECT format('SELECT pg_drop_replication_slot(%L)', s.slot_name) FROM pg_temp.running_slot AS r JOIN pg_replication_slots AS s ON s.slot_name = r.slot_name
WHERE s.database = current_database() AND NOT EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE p.slot_name = r.slot_name) \o /dev/null \gexec
\o
SELECT format('DROP PUBLICATION %I', p.pubname) FROM pg_temp.running_publication AS r JOIN pg_publication AS p ON p.pubname = r.publication_name
WHERE NOT EXISTS (SELECT FROM pg_temp.planned_publication AS b WHERE b.publication_name = r.publication_name) \gexec
