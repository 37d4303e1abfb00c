-- Creates the subscriptions of the way back that are missing, disabled. :subscriber_dsn is how this server reaches the subscriber.
\set applies_as_owner :publisher_applies_as_owner
\ir functions_applied.sql
\set receivers planned_mirror
\set receiver_column slot_name
\set target_dsn :subscriber_dsn
\set receiver_asks_formats :publisher_asks_formats
\ir log_off.sql
\ir subscriptions_ours.sql
SELECT format('CREATE SUBSCRIPTION %I CONNECTION %L PUBLICATION %s WITH (create_slot = false, slot_name = %L, copy_data = false, enabled = false)',
    m.slot_name, :'target_dsn', string_agg(quote_ident(p.mirror_name), ', ' ORDER BY p.number), m.slot_name)
FROM pg_temp.planned_mirror AS m JOIN pg_temp.planned_slot AS s ON s.number = m.number
JOIN pg_temp.planned_publication AS p ON p.slot_name = s.slot_name
WHERE NOT EXISTS (SELECT FROM pg_subscription AS b JOIN pg_database AS d ON d.oid = b.subdbid WHERE d.datname = current_database() AND b.subname = m.slot_name)
GROUP BY m.number, m.slot_name ORDER BY m.number \gexec
\ir log_on.sql
\ir subscriptions_own.sql
