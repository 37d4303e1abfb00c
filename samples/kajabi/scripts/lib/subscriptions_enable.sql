-- Enables the planned subscriptions that are disabled. Their slots are marked for standbys before, where that is asked for: CREATE
-- SUBSCRIPTION would mark the subscription alone, and no option reaches the slot of one that is enabled.
\if :failover_slots
SELECT format('ALTER SUBSCRIPTION %I SET (failover = true)', s.subname)
FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name AND NOT s.subenabled
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
ORDER BY p.number \gexec
\endif
SELECT format('ALTER SUBSCRIPTION %I ENABLE', s.subname)
FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name AND NOT s.subenabled
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
ORDER BY p.number \gexec
