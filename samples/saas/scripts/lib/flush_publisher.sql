-- lib/flush_publisher.sql: Flushes the log until the subscriptions end, so that slots need not wait for it.
-- phase verify, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -v wait_seconds="$WAIT_SECONDS" -f lib/flush_publisher.sql
-- Variable wait_seconds (needed): the longest time

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\if :{?wait_seconds}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable wait_seconds is not set', HINT = 'Run psql with -v wait_seconds="...": the longest time';
END
$pgslotplan$;
\endif

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

DO $pgslotplan$
BEGIN
  PERFORM pg_advisory_lock_shared(hashtext('pgslotplan'), hashtext('pgsp'));
END
$pgslotplan$;

SET pgslotplan.wait_seconds = :'wait_seconds';
SET synchronous_commit = local;

DO $pgslotplan$
DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
BEGIN
  WHILE clock_timestamp() < deadline AND EXISTS (SELECT FROM (VALUES
        ('pgsp_rev_1'),
        ('pgsp_rev_2'),
        ('pgsp_rev_3'),
        ('pgsp_rev_4'),
        ('pgsp_rev_5'),
        ('pgsp_rev_6'),
        ('pgsp_rev_7'),
        ('pgsp_rev_8')) AS mirror(slot_name) JOIN pg_subscription AS s ON s.subname = mirror.slot_name AND s.subenabled
    JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()) LOOP
    PERFORM pg_logical_emit_message(true, 'pgslotplan', 'flush');
    COMMIT;
    PERFORM pg_sleep(0.01);
  END LOOP;
END
$pgslotplan$;
