-- Whether the configuration, without its own path, names places of this server: a copy must not have it as it is. One row.
-- Versions: 12 to 18. Privileges: SELECT on pg_file_settings, EXECUTE on pg_show_all_file_settings(). Locks: none.
SELECT EXISTS (SELECT FROM pg_catalog.pg_file_settings f
                WHERE pg_catalog.lower(f.name) IN ('data_directory', 'hba_file', 'ident_file', 'external_pid_file')
                   OR pg_catalog.left(f.sourcefile, pg_catalog.length(d.data) + 1) <> d.data || '/') AS names_places
  FROM (SELECT pg_catalog.current_setting('data_directory') AS data) AS d
