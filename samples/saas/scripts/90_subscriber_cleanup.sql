-- 90_subscriber_cleanup.sql: Drops the plan's subscriptions and what was remembered for it.
-- Phase cleanup. Run: sh run.sh subscriber_cleanup, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 90_subscriber_cleanup.sql
-- Hazard: The subscriber stops following the publisher for good: going on needs a new copy.
\ir lib/subscriber.sql
\ir lib/subscriptions_drop.sql
\ir lib/reverse_slots_drop.sql
\ir lib/mirror_publications_drop.sql
\ir lib/open_writes.sql
\ir lib/release.sql
\set table held
\ir lib/forget.sql
\set table opened
\ir lib/forget.sql
\set table repair
\ir lib/forget.sql
\ir lib/foreign_keys_forget.sql
\ir lib/forget_mark.sql
\ir lib/drop_empty_state.sql
