-- Subscriptions that are held go on with their own slots, now that they know every table that they are sent.
SELECT pg_temp.would_do(subscription_name, 0) FROM pg_temp.held_subscription() \o /dev/null \g
\o
SELECT format('ALTER SUBSCRIPTION %I DISABLE', subscription_name) FROM pg_temp.held_subscription() WHERE enabled \gexec
CREATE TEMP TABLE held AS SELECT subscription_name FROM pg_temp.held_subscription();
\set workers held
\ir workers_end.sql
SELECT format('ALTER SUBSCRIPTION %I SET (slot_name = %L)', subscription_name, own_slot), format('ALTER SUBSCRIPTION %I ENABLE', subscription_name)
FROM pg_temp.held_subscription() \gexec
