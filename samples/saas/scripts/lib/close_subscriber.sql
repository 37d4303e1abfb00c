-- Makes the new database read-only until it is opened: a PgBouncer that is restarted must not write there too early. Refuses what would
-- hold up the slots of the way back in the pause.
\ir subscriber.sql
\ir require_mark.sql
\ir way_back.sql
\if :goes_back
\ir reverse_publications_there.sql
\ir slots_blocked.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'transactions of the new server would hold up the slots of the way back', 'Wait for their end, or end them.') AS refused FROM pg_temp.slots_blocked() AS line
WHERE EXISTS (SELECT FROM pg_temp.planned_mirror AS w WHERE NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = w.slot_name)) \gset
\endif
\ir close_writes.sql
