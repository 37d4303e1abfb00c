-- 77_publisher_reverse_subscriptions.sql: Creates the subscriptions of the way back on the old server, disabled.
-- Phase cutover. Run: sh run.sh reverse_subscriptions, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 77_publisher_reverse_subscriptions.sql
-- Variables, explained in RUNBOOK.md: subscriber_dsn, PGSLOTPLAN_ACCEPT_FUNCTIONS (optional), PGSLOTPLAN_SUBSCRIPTION_OWNER (optional)
-- Undo: abort.sh before the first write; 91_shell_publisher_cleanup.sh drops them for good.
\ir lib/subscriber_dsn.sql
\ir lib/publisher.sql
\ir lib/reverse_subscriptions.sql
