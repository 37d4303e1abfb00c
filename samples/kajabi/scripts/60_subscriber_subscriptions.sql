-- 60_subscriber_subscriptions.sql: Creates and enables the subscriptions; the initial copy starts. Triggers that fire for replicated rows, event triggers and FORCE ROW LEVEL SECURITY rest on the subscriber until the cutover.
-- Phase start. Run: sh run.sh subscriptions, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 60_subscriber_subscriptions.sql
-- Variables, explained in RUNBOOK.md: publisher_dsn, PGSLOTPLAN_ACCEPT_FUNCTIONS (optional), PGSLOTPLAN_SUBSCRIPTION_OWNER (optional)
-- Hazard: The connection string is stored on the subscriber: leave the password to a password file of the subscriber's server where the versions allow it. An initial copy reads every table of the publisher once.
-- Undo: 90_shell_subscriber_cleanup.sh, then 91_shell_publisher_cleanup.sh; then empty the tables.
\ir lib/publisher_dsn.sql
\ir lib/subscriber.sql
\ir lib/mark.sql
\ir lib/subscriptions_not_stopped.sql
\ir lib/subscriptions_exact.sql
\set applies_as_owner :subscriber_applies_as_owner
\ir lib/functions_applied.sql
\set receives on
\ir lib/owners_write.sql
\ir lib/hold.sql
\ir lib/subscriber_empty.sql
\ir lib/subscriptions_make.sql
\ir lib/subscriptions_enable.sql
