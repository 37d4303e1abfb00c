-- Enables the subscriptions of the relation :receivers that are disabled. Their slots are marked for standbys before, where that is asked
-- for: CREATE SUBSCRIPTION would mark the subscription alone, and no option reaches the slot of one that is enabled.
SELECT format('ALTER SUBSCRIPTION %I %s', s.subname, w.change)
FROM pg_temp.:"receivers" AS r JOIN pg_subscription AS s ON s.subname = r.:"receiver_column" AND NOT s.subenabled
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
CROSS JOIN (VALUES (1, 'SET (failover = true)', :'failover_slots' = 'on'), (2, 'ENABLE', true)) AS w(place, change, is_wanted)
WHERE w.is_wanted ORDER BY w.place, r.number \gexec
