-- Planned subscriptions that exist are what the plan says.
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'subscriptions are not the planned ones',
  'Drop them if nothing uses them, or plan again with another --prefix.') AS refused
FROM (
  SELECT format('subscription %I has slot %s and publications %s', s.subname, s.subslotname, s.subpublications)
  FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name
  JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
  WHERE s.subslotname IS DISTINCT FROM p.slot_name::name OR s.subpublications <> (
    SELECT array_agg(b.publication_name::text ORDER BY b.number) FROM pg_temp.planned_publication AS b WHERE b.slot_name = p.slot_name)
) AS found(line) \gset
