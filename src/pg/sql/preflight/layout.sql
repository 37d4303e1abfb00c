-- Where the server keeps its data and its configuration, and what of that this role may read. One row.
-- Versions: 12 to 18. Privileges: pg_read_all_settings, else the paths are absent. Locks: none.
SELECT max(s.setting) FILTER (WHERE s.name = 'data_directory')::text AS data,
       max(s.setting) FILTER (WHERE s.name = 'config_file')::text AS configuration,
       max(s.setting) FILTER (WHERE s.name = 'hba_file')::text AS hba,
       max(s.setting) FILTER (WHERE s.name = 'ident_file')::text AS ident,
       coalesce(pg_catalog.array_agg(s.setting::text ORDER BY s.name) FILTER (WHERE s.name LIKE 'ssl\_%' AND s.setting LIKE '/%'), ARRAY[]::text[]) AS certificates,
       pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
       AND pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE') AS may_read_parameters,
       pg_catalog.pg_has_role('pg_read_server_files', 'USAGE') AND pg_catalog.has_function_privilege('pg_catalog.pg_read_file(text)', 'EXECUTE') AS may_read_files
  FROM pg_catalog.pg_settings s
