-- 60_subscriber_subscriptions.sql: Creates and enables the subscriptions; the initial copy starts.
-- Phase start. Run: sh run.sh subscriptions, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -v publisher_dsn="..." -f 60_subscriber_subscriptions.sql
-- Variables, explained in RUNBOOK.md: publisher_dsn
-- Hazard: The connection string is stored on the subscriber and may be logged with the statement: leave the password to a password file of the subscriber's server where the versions allow it. An initial copy reads every table of the publisher once.
-- Undo: 90_subscriber_cleanup.sql, then 91_publisher_cleanup.sql; then empty the tables.
\if :{?publisher_dsn} \else \set missing publisher_dsn \ir lib/missing.sql \endif
\ir lib/subscriber.sql
\ir lib/mark.sql
\ir lib/subscriptions_not_stopped.sql
\ir lib/subscriptions_exact.sql
\ir lib/subscriber_empty.sql
\ir plan/subscriptions.sql
\ir lib/subscriptions_enable.sql
