-- Settings of the publisher that are too small to receive.
WITH used AS (
  SELECT (SELECT count(*) FROM pg_subscription WHERE subenabled) AS subscriptions,
         (SELECT count(*) FROM pg_replication_origin WHERE roname NOT IN (
            SELECT 'pg_' || s.oid FROM pg_temp.planned_mirror AS m JOIN pg_subscription AS s ON s.subname = m.slot_name)) AS origins,
         (SELECT count(*) FROM pg_replication_slots) AS slots
)
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'settings of the publisher are too small for the way back',
  'Raise them and restart the publisher before the cutover, or do without the way back.') AS refused
FROM (
  SELECT format('%s is %s, but must be at least %s', name, setting, wanted)
  FROM used CROSS JOIN LATERAL (VALUES
      ('max_logical_replication_workers', :subscription_count + used.subscriptions),
      ('max_worker_processes', :subscription_count + used.subscriptions),
      (:'publisher_origin_setting', :subscription_count
         + CASE WHEN :'publisher_origin_setting' = 'max_replication_slots' THEN greatest(used.origins, used.slots) ELSE used.origins END)
    ) AS needs(setting_name, wanted)
  JOIN pg_settings ON name = setting_name WHERE setting::bigint < wanted
) AS found(line) \gset
