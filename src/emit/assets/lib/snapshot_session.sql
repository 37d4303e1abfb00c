-- The settings of a session that copies pieces, in two statements, since there are many such sessions: formats that read back the same, no
-- limits of time. It loads no plan.
\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
SET search_path = pg_catalog, pg_temp;
SELECT count(set_config(w.name, w.value, false)) AS settings FROM (VALUES
  ('client_encoding', 'UTF8'), ('standard_conforming_strings', 'on'), ('client_min_messages', 'warning'),
  ('timezone', 'UTC'), ('datestyle', 'ISO, YMD'), ('intervalstyle', 'postgres'), ('extra_float_digits', '1'), ('bytea_output', 'hex'), ('xmloption', 'content'),
  ('lc_monetary', 'C'), ('row_security', 'off'), ('default_transaction_read_only', 'off'), ('default_transaction_isolation', 'read committed'),
  ('default_transaction_deferrable', 'off'), ('quote_all_identifiers', 'off'), ('lock_timeout', '60s'), ('statement_timeout', '0'),
  ('idle_in_transaction_session_timeout', '0'),
  -- and those that came with 14 and 17
  ('idle_session_timeout', '0'), ('transaction_timeout', '0'), ('client_connection_check_interval', '0')) AS w(name, value)
WHERE w.name IN (SELECT lower(s.name) FROM pg_settings AS s) \gset
