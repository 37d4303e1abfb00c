-- lib/flush_subscriber.sql: Flushes the log until the subscriptions end, so that slots need not wait for it.
-- phase verify, on the subscriber, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -v wait_seconds="$WAIT_SECONDS" -f lib/flush_subscriber.sql
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
  is_clone boolean := false;
BEGIN
  IF current_setting('server_version_num')::integer / 10000 <> 15 THEN
    RAISE EXCEPTION USING MESSAGE = 'this file is for a subscriber of major version 15, but the server is '
        || current_setting('server_version'),
      HINT = 'Run it on the subscriber, or plan again for its version.';
  END IF;
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION USING MESSAGE = 'the server is a standby', HINT = 'Run this file on the primary server.';
  END IF;
  IF EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_contact_activities', 'pgsp_contact_activities', ARRAY['pgsp_contact_activities']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications)
       JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name AND s.plugin = 'pgoutput'
        AND s.database = current_database())
     OR EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events'),
        ('pgsp_email_messages'),
        ('pgsp_sessions'),
        ('pgsp_contact_activities'),
        ('pgsp_shared_1'),
        ('pgsp_shared_2'),
        ('pgsp_shared_3'),
        ('pgsp_shared_4')) AS planned(publication_name)
       JOIN pg_publication AS p ON p.pubname = planned.publication_name) THEN
    RAISE EXCEPTION USING MESSAGE = 'this is the publisher of the plan: it holds planned slots or publications',
      HINT = 'This file is for the subscriber.';
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
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_contact_activities', 'pgsp_contact_activities', ARRAY['pgsp_contact_activities']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) JOIN pg_subscription AS s ON s.subname = planned.subscription_name AND s.subenabled
    JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()) LOOP
    PERFORM pg_logical_emit_message(true, 'pgslotplan', 'flush');
    COMMIT;
    PERFORM pg_sleep(0.01);
  END LOOP;
END
$pgslotplan$;
