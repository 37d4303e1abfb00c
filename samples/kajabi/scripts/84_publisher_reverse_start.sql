-- 84_publisher_reverse_start.sql: Enables the subscriptions of the way back on the old server.
-- Phase cutover. Run: sh run.sh reverse_start, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 84_publisher_reverse_start.sql
-- Undo: abort.sh before the first write; 91_shell_publisher_cleanup.sh drops them for good.
\ir lib/publisher.sql
\ir lib/mirrors_enable.sql
