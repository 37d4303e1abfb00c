-- 91_publisher_cleanup.sql: Drops the plan's slots, publications and guards, and sets changed replica identities back.
-- phase cleanup, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 91_publisher_cleanup.sql
-- Hazard: The subscriber cannot go on from here: what it has not applied does not come.

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

DO $pgslotplan$
DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s';
  item record;
BEGIN
  -- a walsender that just lost its subscription needs a moment to end
  WHILE EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_page_views', 'pgsp_page_views', ARRAY['pgsp_page_views']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name AND s.plugin = 'pgoutput' AND s.database = current_database() WHERE s.active) LOOP
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'a planned replication slot is still in use', HINT = 'Run 90_subscriber_cleanup.sql first.';
    END IF;
    PERFORM pg_sleep(0.05);
  END LOOP;
  FOR item IN SELECT s.slot_name FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_page_views', 'pgsp_page_views', ARRAY['pgsp_page_views']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name AND s.plugin = 'pgoutput' AND s.database = current_database() ORDER BY s.slot_name LOOP
    PERFORM pg_drop_replication_slot(item.slot_name);
  END LOOP;
END
$pgslotplan$;

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_email_events') AS publication_0_exists
\gset
\if :publication_0_exists
DROP PUBLICATION pgsp_email_events;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_email_messages') AS publication_1_exists
\gset
\if :publication_1_exists
DROP PUBLICATION pgsp_email_messages;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_sessions') AS publication_2_exists
\gset
\if :publication_2_exists
DROP PUBLICATION pgsp_sessions;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_page_views') AS publication_3_exists
\gset
\if :publication_3_exists
DROP PUBLICATION pgsp_page_views;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_1') AS publication_4_exists
\gset
\if :publication_4_exists
DROP PUBLICATION pgsp_shared_1;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_2') AS publication_5_exists
\gset
\if :publication_5_exists
DROP PUBLICATION pgsp_shared_2;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_3') AS publication_6_exists
\gset
\if :publication_6_exists
DROP PUBLICATION pgsp_shared_3;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_4') AS publication_7_exists
\gset
\if :publication_7_exists
DROP PUBLICATION pgsp_shared_4;
\endif

DROP EVENT TRIGGER IF EXISTS pgsp_refuse_ddl;
DROP EVENT TRIGGER IF EXISTS pgsp_refuse_ddl_drop;
DROP FUNCTION IF EXISTS pgslotplan.refuse_ddl();

DO $pgslotplan$
DECLARE
  found_line text;
BEGIN
  FOR found_line IN SELECT line FROM (
      SELECT 'lib/writes_open_publisher.sql opens it' WHERE to_regclass('pgslotplan.stopped_writes') IS NOT NULL
  ) AS found(line) ORDER BY line LIMIT 20 LOOP
    RAISE WARNING '%: %', 'the old database stays read-only', found_line;
  END LOOP;
END
$pgslotplan$;

SELECT EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = 'pgslotplan'
    AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid) AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid)) AS state_is_empty
\gset
\if :state_is_empty
DROP SCHEMA pgslotplan;
\endif
