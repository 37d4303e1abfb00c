-- Publications of new slots, without tables: those come one after the other, and a slot that is older than its publication ends
-- in an endless error. Then the slots.
\ir transition.sql
SELECT format('CREATE PUBLICATION %I WITH (publish = %L%s)', p.publication_name,
  array_to_string(ARRAY[CASE WHEN p.inserts THEN 'insert' END, CASE WHEN p.updates THEN 'update' END, CASE WHEN p.deletes THEN 'delete' END, CASE WHEN p.truncates THEN 'truncate' END], ', '),
  CASE WHEN :'publisher_has_roots' = 'on' THEN CASE WHEN p.via_root THEN ', publish_via_partition_root = true' ELSE ', publish_via_partition_root = false' END ELSE '' END)
FROM pg_temp.planned_publication AS p JOIN pg_temp.new_slot AS w ON w.slot_name = p.slot_name
WHERE NOT EXISTS (SELECT FROM pg_publication AS b WHERE b.pubname = p.publication_name) ORDER BY p.number \gexec
\set slots new_slot
\ir slot_waits.sql
-- each anew: a copy of one that was made before would be older than its publication
SELECT format('SELECT FROM pg_create_logical_replication_slot(%L, ''pgoutput'')', w.slot_name) FROM pg_temp.new_slot AS w
WHERE NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = w.slot_name) ORDER BY w.number
\o /dev/null \gexec
\o
