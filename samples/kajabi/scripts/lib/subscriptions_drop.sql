-- Drops the plan's subscriptions, wherever they got to. They let go of their slots first, so that this works while the
-- publisher is gone. ALTER and DROP of a subscription cannot share a statement: each is sent by itself.
SELECT format('ALTER SUBSCRIPTION %I DISABLE', s.subname), format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s.subname),
       format('DROP SUBSCRIPTION %I', s.subname)
FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
WHERE coalesce(s.subslotname, p.slot_name) = p.slot_name AND s.subpublications = (
    SELECT array_agg(b.publication_name::text ORDER BY b.number) FROM pg_temp.planned_publication AS b WHERE b.slot_name = p.slot_name)
ORDER BY p.number \gexec
