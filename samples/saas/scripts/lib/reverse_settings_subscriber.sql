-- Settings of the subscriber that are too small to publish.
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'settings of the subscriber are too small for the way back',
  'Raise them and restart the subscriber before the cutover.') AS refused
FROM (
  SELECT format('%s is %s, but must be at least %s', name, setting, wanted)
  FROM (VALUES ('max_replication_slots', :subscription_count + (SELECT count(*) FROM pg_replication_slots)),
               ('max_wal_senders', :subscription_count + (SELECT count(*) FROM pg_stat_replication))) AS needs(setting_name, wanted)
  JOIN pg_settings ON name = setting_name WHERE setting::bigint < wanted
  UNION ALL
  SELECT format('wal_level is %s, but must be %s', setting, array_to_string(:'subscriber_wal_levels'::text[], ' or '))
  FROM pg_settings WHERE name = 'wal_level' AND setting <> ALL (:'subscriber_wal_levels'::text[])
  UNION ALL
  SELECT format('output_plugin_libraries is %s, but must name pgoutput', setting) FROM pg_settings
  WHERE name = 'output_plugin_libraries' AND NOT EXISTS (
    SELECT FROM regexp_matches(setting, '"[^"]*"|[^",\s]+', 'g') AS item(part) WHERE btrim(part[1], '"') = 'pgoutput')
) AS found(line) \gset
