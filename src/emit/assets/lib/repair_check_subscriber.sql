-- Whether the part can be made again here, and how it stands. Changes nothing.
\ir subscriber.sql
\ir repaired.sql
\ir require_mark.sql
\ir before_cutover.sql
\ir repair_others.sql
\ir repair_subscriptions_known.sql
\ir subscriber_tables.sql
\ir tables_not_ready.sql
SELECT format('slot %s: %s, subscription %s', p.slot_name, CASE WHEN again.slot_name IS NOT NULL THEN 'made again with its tables' ELSE 'stays' END,
    CASE WHEN s.subname IS NULL THEN 'absent' WHEN s.subenabled THEN 'enabled' ELSE 'disabled' END)
FROM pg_temp.planned_slot AS p LEFT JOIN pg_temp.repaired_slot AS again ON again.slot_name = p.slot_name
LEFT JOIN (pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()) ON s.subname = p.subscription_name
ORDER BY p.number;
SELECT format('%s tables are copied again; %s of them are not ready now', (SELECT count(*) FROM pg_temp.planned_relation), (SELECT count(*) FROM pg_temp.tables_not_ready()));
