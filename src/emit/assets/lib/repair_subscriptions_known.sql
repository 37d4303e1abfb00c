-- The subscriptions of this part are the planned ones, or one that is made again is gone or has let go of its slot already.
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'subscriptions are not the planned ones',
  'Drop one that is not of this plan. A table is copied again alone only by the subscription that it belongs to: else repair its slot.') AS refused
FROM (
  SELECT format('subscription %I has slot %s and publications %s', s.subname, s.subslotname, s.subpublications)
  FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name
  JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
  LEFT JOIN pg_temp.repaired_slot AS again ON again.slot_name = p.slot_name
  WHERE coalesce(s.subslotname, CASE WHEN again.slot_name IS NOT NULL THEN p.slot_name END) IS DISTINCT FROM p.slot_name::name OR s.subpublications <> (
    SELECT array_agg(b.publication_name::text ORDER BY b.number) FROM pg_temp.planned_publication AS b WHERE b.slot_name = p.slot_name)
  UNION ALL
  SELECT format('subscription %I does not exist', p.subscription_name)
  FROM pg_temp.planned_slot AS p
  WHERE NOT EXISTS (SELECT FROM pg_temp.repaired_slot AS again WHERE again.slot_name = p.slot_name)
    AND NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
      WHERE d.datname = current_database() AND s.subname = p.subscription_name)
) AS found(line) \gset
