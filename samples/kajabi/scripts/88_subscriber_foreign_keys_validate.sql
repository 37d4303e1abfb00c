-- 88_subscriber_foreign_keys_validate.sql: Checks all rows against the restored foreign keys, and their definitions against those that were dropped.
-- Phase cutover. Run: sh run.sh foreign_keys_validate, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 88_subscriber_foreign_keys_validate.sql
-- Variables, explained in RUNBOOK.md: PGSLOTPLAN_ACCEPT_FUNCTIONS (optional)
-- Hazard: Reads every referencing table once, beside writes. An orphaned row makes it fail: that row shows a transaction that was replicated in part, or one that was orphaned on the publisher.
\ir lib/subscriber.sql
\ir lib/require_mark.sql
\ir lib/require_stopped.sql
\ir lib/foreign_keys_validate.sql
