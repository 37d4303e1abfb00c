-- Enables the subscriptions of the way back that are disabled; refuses when one is missing, or while this server may be written to.
\ir require_closed.sql
SELECT pg_temp.refuse(array_agg(format('subscription %I', m.slot_name) ORDER BY m.slot_name), 'subscriptions of the way back are missing',
  format('Run %s first.', :'step_reverse_subscriptions')) AS refused
FROM pg_temp.planned_mirror AS m
WHERE NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
  WHERE d.datname = current_database() AND s.subname = m.slot_name) \gset
\set applies_as_owner :publisher_applies_as_owner
\ir hold.sql
\ir foreign_keys_drop.sql
\set receivers planned_mirror
\set receiver_column slot_name
\ir receivers_enable.sql
