-- Where the publisher keeps what a base backup lacks, a line each: its data folder; then t or f: whether its parameters, pg_hba.conf and
-- pg_ident.conf are to be written for the copy. A parameter that names a folder of the publisher must never be the copy's.
\ir publisher.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), format('views of the configuration cannot be read by role %I', current_user),
  'Give PGSLOTPLAN_PUBLISHER a superuser for this step, or the role what pgslotplan check --bootstrap clone says (PF142).') AS refused
FROM (VALUES ('pg_read_all_settings', pg_has_role('pg_read_all_settings', 'USAGE')),
             ('pg_file_settings', has_table_privilege('pg_file_settings', 'SELECT') AND has_function_privilege('pg_show_all_file_settings()', 'EXECUTE'))) AS needs(line, is_there)
WHERE NOT is_there \gset
SELECT data, config <> data || '/postgresql.conf' OR EXISTS (SELECT FROM pg_file_settings
         WHERE lower(name) IN ('data_directory', 'hba_file', 'ident_file', 'external_pid_file') OR left(sourcefile, length(data) + 1) <> data || '/') AS parameters,
       hba <> data || '/pg_hba.conf' AS hba, ident <> data || '/pg_ident.conf' AS ident
FROM (SELECT current_setting('data_directory'), current_setting('config_file'), current_setting('hba_file'), current_setting('ident_file')) AS t(data, config, hba, ident) \gset
SELECT pg_temp.refuse(array_agg(line), format('files of the configuration cannot be read by role %I', current_user),
  'Give PGSLOTPLAN_PUBLISHER a superuser for this step, or the role what pgslotplan check --bootstrap clone says (PF142).') AS refused
FROM (VALUES (current_setting('hba_file'), :'hba'), (current_setting('ident_file'), :'ident')) AS files(line, is_outside)
WHERE is_outside::boolean AND NOT (has_function_privilege('pg_read_file(text)', 'EXECUTE') AND pg_has_role('pg_read_server_files', 'USAGE')) \gset
SELECT concat_ws(E'\n', :'data', :'parameters', :'hba', :'ident');
