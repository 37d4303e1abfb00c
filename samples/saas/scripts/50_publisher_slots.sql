-- 50_publisher_slots.sql: Creates the replication slots.
-- Phase start. Run: sh run.sh slots, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 50_publisher_slots.sql
-- Hazard: Making the first slot waits for every transaction that is writing now, in any database of the server; prepared transactions count. From now on the publisher keeps all WAL until the subscriptions confirm it: go on soon, and watch its disk.
-- Undo: 91_shell_publisher_cleanup.sh drops them.
\ir lib/publisher.sql
\ir lib/publications_exact.sql
\ir lib/truncate_guarded.sql
\ir lib/slots_usable.sql
\set slots planned_slot
\ir lib/slot_waits.sql
\ir lib/slots.sql
