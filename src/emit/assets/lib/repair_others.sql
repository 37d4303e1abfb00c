-- Refuses while another repair of the same slots has not ended.
SELECT pg_temp.has_state('repair') AS has_repair \gset
\if :has_repair
SELECT pg_temp.refuse(array_agg(format('slot %I', p.slot_name) ORDER BY p.slot_name), 'slots are in another repair, which has not ended',
  'Go on with the files of that repair to their end. If they are gone: DELETE FROM pgslotplan.repair; and then repair these slots as a whole.') AS refused
FROM pg_temp.planned_slot AS p JOIN pgslotplan.repair AS r ON r.prefix = :'prefix' AND r.slot_name = p.slot_name AND r.repair <> :'repair' \gset
\endif
