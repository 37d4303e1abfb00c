-- 71_publisher_caught_up.sql: Waits until every slot has confirmed all that is written now.
-- Phase verify. Run: sh run.sh caught_up, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 71_publisher_caught_up.sql
-- Variables, explained in RUNBOOK.md: wait_seconds (optional)
\ir lib/publisher.sql
\ir lib/read_by_superuser.sql
\set slots planned_slot
\ir lib/wait_for_slots.sql
\echo every slot has passed :fence
