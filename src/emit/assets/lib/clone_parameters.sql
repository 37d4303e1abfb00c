-- Parameters of a server for its copy, as lines of a configuration file. What names folders of the server itself, what makes it a standby and
-- what would wait for standbys or write into its archive stays behind; what of that somebody must think of is named in a comment.
-- max_logical_replication_workers on the command line is ours. chr: this runs before the session's settings.
SELECT CASE WHEN is_left THEN '# left out: ' || name ELSE
         pg_catalog.format('%s = %s', name, pg_catalog.chr(39) || pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(value,
           pg_catalog.chr(92), pg_catalog.repeat(pg_catalog.chr(92), 2)), pg_catalog.chr(39), pg_catalog.repeat(pg_catalog.chr(39), 2)),
           pg_catalog.chr(10), pg_catalog.chr(92) || 'n') || pg_catalog.chr(39)) END
FROM (SELECT name, value,
             name IN ('archive_mode', 'archive_command', 'archive_library', 'synchronous_standby_names') OR name = 'log_directory' AND value LIKE '/%'
      FROM (SELECT f.name, CASE WHEN s.pending_restart THEN s.setting ELSE f.setting END
            FROM (SELECT DISTINCT ON (pg_catalog.lower(name)) pg_catalog.lower(name), setting, error FROM pg_catalog.pg_file_settings
                  ORDER BY pg_catalog.lower(name), seqno DESC) AS f(name, setting, error)
            LEFT JOIN pg_catalog.pg_settings AS s ON pg_catalog.lower(s.name) = f.name
            WHERE f.error IS NULL OR s.pending_restart
            UNION ALL
            SELECT s.name, s.setting FROM pg_catalog.pg_settings AS s
            WHERE s.source IN ('command line', 'environment variable') AND s.context <> 'internal' AND s.name <> 'max_logical_replication_workers'
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_file_settings AS f WHERE pg_catalog.lower(f.name) = s.name)) AS set_(name, value)
     ) AS found(name, value, is_left)
WHERE name NOT IN ('data_directory', 'config_file', 'hba_file', 'ident_file', 'external_pid_file', 'stats_temp_directory', 'primary_conninfo', 'primary_slot_name',
                   'restore_command', 'archive_cleanup_command', 'promote_trigger_file', 'hot_standby', 'recovery_end_command',
                   'recovery_min_apply_delay')
  AND name NOT LIKE 'recovery_target%' AND NOT (is_left AND value IN ('', 'off'))
ORDER BY is_left, name;
