-- 78_publisher_writes_stop.sql: Makes the database read-only for all roles; nobody else may be connected, nothing may be prepared.
-- Phase cutover. Run: sh run.sh writes_stop, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 78_publisher_writes_stop.sql
-- Variables, explained in RUNBOOK.md: allowed (optional), terminate (optional)
-- Hazard: A session that says SET TRANSACTION READ WRITE can still write: 86_pgbouncer_resume.sh looks into the slots for it.
-- Undo: abort.sh
\ir lib/publisher.sql
\ir lib/stop_writes.sql
