-- 76_publisher_reverse_check.sql: Checks that the publisher can receive. Changes nothing.
-- Phase cutover. Run: sh run.sh reverse_check, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 76_publisher_reverse_check.sql
-- Variables, explained in RUNBOOK.md: PGSLOTPLAN_ACCEPT_FUNCTIONS (optional), PGSLOTPLAN_SUBSCRIPTION_OWNER (optional)
\ir lib/publisher.sql
\set applies_as_owner :publisher_applies_as_owner
\ir lib/functions_applied.sql
\set receives on
\ir lib/owners_write.sql
\ir lib/read_only.sql
\ir lib/reverse_settings_publisher.sql
