-- 10_publisher_check.sql: Checks that the publisher still matches the plan. Changes nothing.
-- Phase prepare. Run: sh run.sh publisher_check, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 10_publisher_check.sql
-- Variables, explained in RUNBOOK.md: PGSLOTPLAN_ACCEPT_FUNCTIONS (optional), PGSLOTPLAN_SUBSCRIPTION_OWNER (optional)
\ir lib/publisher.sql
\ir lib/members.sql
\set applies_as_owner :subscriber_applies_as_owner
\ir lib/functions_applied.sql
\set receives off
\ir lib/owners_write.sql
\ir lib/identity_flaws.sql
\ir lib/read_only.sql
\ir lib/publisher_settings.sql
\set identities_are_set off
\ir lib/publisher_tables.sql
\ir lib/slots_usable.sql
