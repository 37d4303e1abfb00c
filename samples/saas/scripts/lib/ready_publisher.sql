-- lib/ready_publisher.sql: Waits up to 30 s until every slot is close enough.
-- phase verify, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -v most_bytes_behind="$MOST_BYTES_BEHIND" -f lib/ready_publisher.sql
-- Variable most_bytes_behind (needed): the limit

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\if :{?most_bytes_behind}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable most_bytes_behind is not set', HINT = 'Run psql with -v most_bytes_behind="...": the limit';
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

SET pgslotplan.most_bytes_behind = :'most_bytes_behind';
DO $pgslotplan$
DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s';
  lines text;
BEGIN
  LOOP
    SELECT string_agg(line, chr(10) ORDER BY line) INTO lines FROM (SELECT format('slot %I: %s', planned.slot_name, CASE WHEN s.slot_name IS NULL THEN 'missing' WHEN NOT s.active THEN 'not connected'
             ELSE format('%s bytes behind', pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.confirmed_flush_lsn)) END) AS line
      FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_page_views', 'pgsp_page_views', ARRAY['pgsp_page_views']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) LEFT JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name AND s.database = current_database()
      WHERE (s.active AND pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.confirmed_flush_lsn) <= current_setting('pgslotplan.most_bytes_behind')::numeric) IS NOT TRUE) AS q;
    EXIT WHEN lines IS NULL;
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'slots are not ready for the cutover', DETAIL = lines,
        HINT = 'Wait until they have caught up; MOST_BYTES_BEHIND is the limit.';
    END IF;
    PERFORM pg_sleep(0.2);
  END LOOP;
END
$pgslotplan$;
