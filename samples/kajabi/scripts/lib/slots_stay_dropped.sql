-- Patroni makes slots again that its configuration names, at its next look: after loop_wait, 10 s unless it is set. They would keep WAL
-- forever.
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'Patroni%') AS is_managed \gset
\if :is_managed
SELECT pg_sleep(15) \gset
SELECT pg_temp.refuse(array_agg(format('slot %I', s.slot_name) ORDER BY s.slot_name), 'Patroni made dropped slots again',
  'Remove them from "slots" of its configuration (patronictl edit-config), then run this again.') AS refused
FROM pg_temp.:"slots" AS w JOIN pg_replication_slots AS s ON s.slot_name = w.slot_name \gset
\endif
