-- Enables the subscriptions of the relation :receivers that are disabled. Their slots are marked for standbys before, where that is asked
-- for, or where others of the plan here are marked (a repair): CREATE SUBSCRIPTION would mark the subscription alone, and no option reaches
-- the slot of one that is enabled.
SELECT :'failover_slots' = 'on' AS marks, EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'pg_subscription'::regclass AND attname = 'subfailover') AS knows_marks \gset
\if :knows_marks
SELECT :'marks'::boolean OR coalesce(bool_or(s.subfailover), false) AS marks
FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database() WHERE starts_with(s.subname, :'prefix' || '_') \gset
\endif
SELECT format('ALTER SUBSCRIPTION %I %s', s.subname, w.change)
FROM pg_temp.:"receivers" AS r JOIN pg_subscription AS s ON s.subname = r.:"receiver_column" AND NOT s.subenabled
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
CROSS JOIN (VALUES (1, 'SET (failover = true)', :'marks'::boolean), (2, 'ENABLE', true)) AS w(place, change, is_wanted)
WHERE w.is_wanted ORDER BY w.place, r.number \gexec
