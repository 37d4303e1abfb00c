-- 80_subscriber_stop.sql: Disables the subscriptions and waits for the end of their workers.
-- Phase cutover. Run: sh run.sh stop, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 80_subscriber_stop.sql
-- Hazard: Run it after the writes to the publisher have stopped and 71_publisher_caught_up.sql has said yes: what is not applied by then does not come. The slots keep WAL on the publisher until the clean-up.
-- Undo: As long as nothing was written to the subscriber: UPDATE pgslotplan.plan SET stopped = false; then 60_subscriber_subscriptions.sql.
\ir lib/subscriber.sql
\ir lib/require_mark.sql
\ir lib/subscriptions_stop.sql
