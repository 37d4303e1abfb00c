-- 77_publisher_ddl_freeze.sql: Refuses DDL on the publisher.
-- phase cutover, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 77_publisher_ddl_freeze.sql
-- Hazard: From now on CREATE, ALTER and DROP fail in the application too, except of temporary objects. Needs a superuser, or what the provider has for event triggers.
-- Undo: thaw_publisher.sql, or the clean-up.

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET search_path = pg_catalog, pg_temp;
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

DO $pgslotplan$
DECLARE
  found_marker boolean;
BEGIN
  IF current_setting('server_version_num')::integer / 10000 <> 13 THEN
    RAISE EXCEPTION USING MESSAGE = 'this file is for a publisher of major version 13, but the server is '
        || current_setting('server_version'),
      HINT = 'Run it on the publisher, or plan again for its version.';
  END IF;
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION USING MESSAGE = 'the server is a standby', HINT = 'Run this file on the primary server.';
  END IF;
  IF current_database() <> 'saas' THEN
    RAISE EXCEPTION USING MESSAGE = format('the plan is for database %I, but this is database %I', 'saas', current_database()),
      HINT = 'Run this file in the planned database of the publisher.';
  END IF;
  -- a rehearsal runs against a clone, which may have an identifier of its own
  IF coalesce(current_setting('pgslotplan.rehearsal', true), '') <> 'on' AND has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
     AND (SELECT system_identifier::text FROM pg_control_system()) <> '7712766977824796349' THEN
    RAISE EXCEPTION USING MESSAGE = 'this is not the server that the plan was made for: its system identifier differs',
      HINT = 'This file is for the publisher.';
  END IF;
  IF to_regclass('pgslotplan.plan') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pgslotplan.plan WHERE prefix = $1)' INTO found_marker USING 'pgsp';
    IF found_marker THEN
      RAISE EXCEPTION USING MESSAGE = 'this is the subscriber of the plan', HINT = 'This file is for the publisher.';
    END IF;
  END IF;
  IF to_regclass('pgslotplan.bootstrap') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pgslotplan.bootstrap WHERE prefix = $1)' INTO found_marker USING 'pgsp';
    IF found_marker THEN
      RAISE EXCEPTION USING MESSAGE = 'this is the subscriber of the plan', HINT = 'This file is for the publisher.';
    END IF;
  END IF;
END
$pgslotplan$;

CREATE SCHEMA IF NOT EXISTS pgslotplan;
DO $pgslotplan$
DECLARE
  found_count bigint;
  found_lines text;
BEGIN
  SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20)
    INTO found_count, found_lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
      SELECT format('schema %I is owned by %I', n.nspname, r.rolname) FROM pg_namespace AS n JOIN pg_roles AS r ON r.oid = n.nspowner
      WHERE n.nspname = 'pgslotplan' AND NOT r.rolsuper AND r.rolname <> current_user
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' schema is not ours to use', DETAIL = found_lines, HINT = 'Run the files with one role, or drop the schema if it is not needed.';
  END IF;
END
$pgslotplan$;
CREATE OR REPLACE FUNCTION pgslotplan.refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $pgslotplan$
DECLARE
  item record;
BEGIN
  -- our own files and temporary objects may go on; refreshed views are data
  IF current_setting('pgslotplan.ddl', true) = 'on' OR tg_tag = 'REFRESH MATERIALIZED VIEW' THEN
    RETURN;
  END IF;
  IF tg_event = 'sql_drop' THEN
    FOR item IN SELECT object_identity FROM pg_event_trigger_dropped_objects() WHERE NOT is_temporary LOOP
      RAISE EXCEPTION USING MESSAGE = format('%s%s is refused: the schema is frozen for a migration', tg_tag, ' of ' || item.object_identity),
        HINT = 'Wait for its end. Whoever runs it can take the event trigger away.';
    END LOOP;
  ELSE
    FOR item IN SELECT object_identity FROM pg_event_trigger_ddl_commands() WHERE schema_name IS DISTINCT FROM 'pg_temp' LOOP
      RAISE EXCEPTION USING MESSAGE = format('%s%s is refused: the schema is frozen for a migration', tg_tag, ' of ' || item.object_identity),
        HINT = 'Wait for its end. Whoever runs it can take the event trigger away.';
    END LOOP;
  END IF;
END
$pgslotplan$;

SELECT NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'pgsp_refuse_ddl') AS freeze_is_missing
\gset
\if :freeze_is_missing
CREATE EVENT TRIGGER pgsp_refuse_ddl ON ddl_command_end EXECUTE FUNCTION pgslotplan.refuse_ddl();
\endif

SELECT NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'pgsp_refuse_ddl_drop') AS freeze_drop_is_missing
\gset
\if :freeze_drop_is_missing
CREATE EVENT TRIGGER pgsp_refuse_ddl_drop ON sql_drop EXECUTE FUNCTION pgslotplan.refuse_ddl();
\endif
