-- Refuses a subscriber without the slots of the way back.
SELECT pg_temp.refuse(array_agg(format('slot %I', m.slot_name) ORDER BY m.slot_name), 'slots of the way back are missing', :'step_reverse_slots' || ' comes first.') AS refused
FROM pg_temp.planned_mirror AS m WHERE NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = m.slot_name) \gset
