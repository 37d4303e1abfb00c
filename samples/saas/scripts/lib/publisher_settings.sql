-- Settings of the publisher that are too small for the plan, and those that endanger slots.
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'settings of the publisher are too small',
  'Raise them and restart the publisher; RUNBOOK.md has the numbers.') AS refused
FROM (
  SELECT format('wal_level is %s, but must be %s', current_setting('wal_level'), array_to_string(:'publisher_wal_levels'::text[], ' or '))
  WHERE current_setting('wal_level') <> ALL (:'publisher_wal_levels'::text[])
  UNION ALL
  SELECT format('output_plugin_libraries is %s, but must name pgoutput', setting) FROM pg_settings
  WHERE name = 'output_plugin_libraries' AND NOT EXISTS (
    SELECT FROM regexp_matches(setting, '"[^"]*"|[^",\s]+', 'g') AS item(part) WHERE btrim(part[1], '"') = 'pgoutput')
  UNION ALL
  SELECT format('max_replication_slots is %s, but must be at least %s: %s are used by others, %s are needed, %s are spare',
                current_setting('max_replication_slots'), others + :needed_slots, others, :needed_workers, :spare)
  FROM (SELECT count(*) FROM pg_replication_slots AS s WHERE s.slot_name !~ '_[0-9]+_sync_[0-9]+'
          AND NOT EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE p.slot_name = s.slot_name)) AS used(others)
  WHERE current_setting('max_replication_slots')::integer < others + :needed_slots
  UNION ALL
  SELECT format('max_wal_senders is %s, but must be at least %s: %s are used by others, %s are needed',
                current_setting('max_wal_senders'), others + :needed_walsenders, others, :needed_walsenders)
  FROM (SELECT count(*) FROM pg_stat_replication AS r LEFT JOIN pg_replication_slots AS s ON s.active_pid = r.pid
         WHERE coalesce(s.slot_name, '') !~ '_[0-9]+_sync_[0-9]+'
           AND NOT EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE p.slot_name = s.slot_name)) AS used(others)
  WHERE current_setting('max_wal_senders')::integer < others + :needed_walsenders
) AS found(line) \gset
SELECT pg_temp.warn(array_agg(line ORDER BY line), 'setting endangers the slots') AS warned
FROM (
  SELECT format('%s is %s: a slot that waits longer is lost; %s is safe while the plan is carried out', name, setting, safe)
  FROM (VALUES ('max_slot_wal_keep_size', '-1'), ('idle_replication_slot_timeout', '0')) AS risky(risky_name, safe)
  JOIN pg_settings ON name = risky_name WHERE setting <> safe
) AS found(line) \gset
