-- 70_subscriber_ready.sql: Waits until every planned table is ready, and says which are not.
-- Phase verify. Run: sh run.sh ready, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 70_subscriber_ready.sql
-- Variables, explained in RUNBOOK.md: wait_seconds (optional)
\ir lib/subscriber.sql
\ir lib/require_mark.sql
\ir lib/wait_ready.sql
