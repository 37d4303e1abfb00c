-- 11_subscriber_check.sql: Checks that the subscriber can take what the plan sends. Changes nothing.
-- Phase schema. Run: sh run.sh subscriber_check, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 11_subscriber_check.sql
-- Variables, explained in RUNBOOK.md: PGSLOTPLAN_ACCEPT_FUNCTIONS (optional), PGSLOTPLAN_SUBSCRIPTION_OWNER (optional)
\ir lib/subscriber.sql
\ir lib/members.sql
\ir lib/foreign_code.sql
\ir lib/unfilled.sql
\ir lib/tenant_functions.sql
\set applies_as_owner :subscriber_applies_as_owner
\ir lib/functions_applied.sql
\set receives on
\ir lib/owners_write.sql
\ir lib/read_only.sql
\ir lib/subscriber_settings.sql
\ir lib/subscriber_tables.sql
\ir lib/subscriber_empty.sql
\set side subscriber
\ir lib/foreign_keys_known.sql
\ir lib/subscriptions_exact.sql
\ir lib/subscriber_warnings.sql
