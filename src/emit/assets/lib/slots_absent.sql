-- Refuses planned slots that exist: the load makes its own.
\ir publisher.sql
\ir truncate_guarded.sql
SELECT pg_temp.refuse(array_agg(format('replication slot %I', s.slot_name) ORDER BY s.slot_name), 'planned replication slots exist, and this step did not make them',
  format('Run %s first, if nothing uses them.', :'step_publisher_cleanup')) AS refused
FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name \gset
