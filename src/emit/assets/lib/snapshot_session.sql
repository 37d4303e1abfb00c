-- The settings of a session that copies pieces: formats that read back the same, no limits of time. It loads no plan, since there are many.
\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
SET search_path = pg_catalog, pg_temp;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET bytea_output = 'hex';
SET xmloption = 'content';
SET lc_monetary = 'C';
SET row_security = off;
SET default_transaction_read_only = off;
SET default_transaction_isolation = 'read committed';
SET default_transaction_deferrable = off;
SET quote_all_identifiers = off;
SET lock_timeout = '60s';
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
-- and those that came with 14 and 17
SELECT count(set_config(name, '0', false)) AS timeouts FROM pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout', 'client_connection_check_interval') \gset
