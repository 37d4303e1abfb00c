-- What every session of these files begins with: its settings, and the plan's values as psql variables.
--
-- Nothing of the database runs as this role when it reads: no views, no policies; wall_down.sql is for what must. The
-- lock tells our sessions from others of the same role, which only have our name; nobody waits for it.
-- The formats and quote_all_identifiers are those of a fresh server, so that definitions read back the same. A loop that
-- waits under "repeatable read" or "serializable" would look at its first snapshot until its time is over.
\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\ir direct.sql
SET search_path = pg_catalog, pg_temp;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET client_min_messages = warning;
SET application_name = 'pgslotplan';
SET pgslotplan.ddl = on;
SET default_transaction_read_only = off;
SET default_transaction_isolation = 'read committed';
SET default_transaction_deferrable = off;
SET quote_all_identifiers = off;
SET check_function_bodies = on;
SET lock_timeout = '5s';
SET statement_timeout = '15min';
SET idle_in_transaction_session_timeout = '5min';
-- and those that came with 14 and 17
SELECT count(set_config(name, '0', false)) AS timeouts FROM pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout') \gset
\ir ../plan/values.sql
\if :{?state_owner} \else \set state_owner '' \endif
-- neither functions nor DO blocks can see psql variables, such as :session_side: publisher, subscriber or clone
SELECT set_config('pgslotplan.prefix', :'prefix', false) AS prefix,
       set_config('pgslotplan.plan_sha256', :'plan_sha256', false) AS plan_sha256,
       set_config('pgslotplan.database', :'database', false) AS database,
       set_config('pgslotplan.system_identifier', :'system_identifier', false) AS system_identifier \gset
SELECT set_config('pgslotplan.side', :'session_side', false) AS side, set_config('pgslotplan.state_owner', :'state_owner', false) AS state_owner,
       set_config('pgslotplan.major', CASE WHEN :'session_side' = 'subscriber' THEN :'subscriber_major' ELSE :'publisher_major' END, false) AS major \gset
DO $pgslotplan$ DECLARE
  side text := current_setting('pgslotplan.side'); wanted_database name := current_setting('pgslotplan.database');
BEGIN
  IF current_setting('server_version_num')::integer / 10000 <> current_setting('pgslotplan.major')::integer THEN
    RAISE EXCEPTION USING MESSAGE = format('this file is for a %s of major version %s, but the server is %s',
        side, current_setting('pgslotplan.major'), current_setting('server_version')),
      HINT = format('Run it on the %s, or plan again for its version.', side);
  END IF;
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION USING MESSAGE = 'the server is a standby', HINT = 'Run this file on the primary server.';
  END IF;
  -- a view or foreign table that took a table's place would run its owner's code as this role
  IF current_setting('restrict_nonsystem_relation_kind', true) IS NULL THEN
    RAISE EXCEPTION USING MESSAGE = format('server version %s cannot keep views of other roles from being read', current_setting('server_version')),
      HINT = 'Update it to 12.20, 13.16, 14.13, 15.8, 16.4 or later: a minor update, which has the setting "restrict_nonsystem_relation_kind".';
  END IF;
  IF side <> 'subscriber' AND current_database() <> wanted_database THEN
    RAISE EXCEPTION USING MESSAGE = format('the plan is for database %I, but this is database %I', wanted_database, current_database()),
      HINT = format('Run this file in the planned database of the %s.', side);
  END IF;
END $pgslotplan$;
\ir wall_up.sql
-- triggers and event triggers of the database have nothing to do with what these files make, and autovacuum steps aside at once for
-- whoever looks for a deadlock; only a superuser may set these
SELECT count(set_config(p.name, w.value, false)) AS quiet FROM (VALUES ('session_replication_role', 'replica'), ('event_triggers', 'off'), ('deadlock_timeout', '10ms')) AS w(name, value)
JOIN pg_settings AS p ON p.name = w.name WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \gset
SELECT pg_try_advisory_lock_shared(hashtext('pgslotplan'), 0) AS is_known \gset
