-- Drops the subscriptions of the way back, wherever they got to. They let go of their slots first.
SELECT format('ALTER SUBSCRIPTION %I DISABLE', s.subname), format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s.subname),
       format('DROP SUBSCRIPTION %I', s.subname)
FROM pg_temp.planned_mirror AS m JOIN pg_subscription AS s ON s.subname = m.slot_name
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
ORDER BY m.number \gexec
