-- What follows holds a connection string: the server's log and its statistics of statements leave it out, where the role may say so.
SELECT count(set_config(p.name, w.value, false)) AS settings
FROM (VALUES ('log_statement', 'none'), ('log_min_duration_statement', '-1'), ('log_min_duration_sample', '-1'), ('log_transaction_sample_rate', '0'),
        ('log_min_error_statement', 'panic'), ('debug_print_parse', 'off'), ('debug_print_rewritten', 'off'), ('debug_print_plan', 'off'),
        ('pg_stat_statements.track', 'none'), ('pgaudit.log', 'none'), ('auto_explain.log_min_duration', '-1')) AS w(name, value)
JOIN pg_settings AS p ON p.name = w.name
WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR p.context = 'user' \gset
SELECT pg_temp.warn(array_agg(format('%s is %s', name, setting) ORDER BY name),
  'the server may log the connection string, and this role cannot switch it off') AS warned
FROM pg_settings
WHERE name = 'log_statement' AND setting IN ('ddl', 'mod', 'all') OR name = 'log_min_duration_statement' AND setting <> '-1' \gset
