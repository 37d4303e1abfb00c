-- Creates the subscriptions of the plan that are missing, disabled, for :publisher_dsn, and gives them to their owner.
\set receivers planned_slot
\set receiver_column subscription_name
\set target_dsn :publisher_dsn
\set receiver_asks_formats :subscriber_asks_formats
\ir log_off.sql
\ir subscriptions_ours.sql
\set publisher_dsn :target_dsn
\ir ../plan/subscriptions.sql
\ir log_on.sql
\ir subscriptions_own.sql
