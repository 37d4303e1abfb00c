-- Enables the planned subscriptions that are disabled.
\set receivers planned_slot
\set receiver_column subscription_name
\ir receivers_enable.sql
