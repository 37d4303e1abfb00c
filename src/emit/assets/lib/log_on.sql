-- The server logs again as it did.
SELECT count(set_config(name, reset_val, false)) AS settings FROM pg_settings
WHERE name IN ('log_statement', 'log_min_duration_statement', 'log_min_duration_sample', 'log_transaction_sample_rate', 'log_min_error_statement',
    'debug_print_parse', 'debug_print_rewritten', 'debug_print_plan', 'pg_stat_statements.track', 'pgaudit.log', 'auto_explain.log_min_duration')
  AND setting IS DISTINCT FROM reset_val AND ((SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR context = 'user') \gset
