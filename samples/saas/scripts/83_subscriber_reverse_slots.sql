-- 83_subscriber_reverse_slots.sql: Creates the replication slots of the way back.
-- Phase cutover. Run: sh run.sh reverse_slots, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 83_subscriber_reverse_slots.sql
-- Hazard: They keep WAL on the new server until the clean-up.
-- Undo: abort.sh, or 90_shell_subscriber_cleanup.sh, drops them.
\ir lib/subscriber.sql
\ir lib/require_mark.sql
\ir lib/require_stopped.sql
\set slots planned_mirror
\ir lib/slots.sql
