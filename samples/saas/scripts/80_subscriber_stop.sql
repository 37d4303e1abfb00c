-- 80_subscriber_stop.sql: Disables the subscriptions and waits for the end of their workers.
-- Phase cutover. Run: sh run.sh stop, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 80_subscriber_stop.sql
-- Hazard: What is not applied by then does not come: it refuses until 78_shell_drain.sh has ended with 0. The slots keep WAL on the publisher until the clean-up.
-- Undo: abort.sh
\ir lib/subscriber.sql
\ir lib/require_mark.sql
\ir lib/no_repair.sql
\ir lib/require_drained.sql
\ir lib/subscriptions_stop.sql
