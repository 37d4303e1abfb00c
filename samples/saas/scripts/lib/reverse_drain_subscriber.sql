-- lib/reverse_drain_subscriber.sql: Waits until the old server has confirmed all that was written to the new one.
-- phase verify, on the subscriber, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f lib/reverse_drain_subscriber.sql

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
  IF NOT is_clone AND has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
     AND (SELECT system_identifier::text FROM pg_control_system()) = '7712766977824796349' THEN
    RAISE EXCEPTION USING MESSAGE = 'this is the publisher of the plan: its system identifier is the planned one',
      HINT = 'This file is for the subscriber.';
  END IF;
  IF EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_page_views', 'pgsp_page_views', ARRAY['pgsp_page_views']::text[]),
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
        ('pgsp_page_views'),
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

\if :{?wait_seconds}
\else
\set wait_seconds 60
\endif
SET pgslotplan.wait_seconds = :'wait_seconds';
SET statement_timeout = 0;

-- the message that is committed flushes the log and gives every slot something to pass the fence with
SELECT set_config('pgslotplan.fence', pg_current_wal_insert_lsn()::text, false) AS fence
\gset
SET synchronous_commit = local;
DO $pgslotplan$
BEGIN PERFORM pg_logical_emit_message(true, 'pgslotplan', 'fence'); END
$pgslotplan$;
DO $pgslotplan$
DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
  fence pg_lsn := current_setting('pgslotplan.fence');
  nap double precision := 0.005;
  pending bigint;
  gone bigint;
  lines text;
BEGIN
  LOOP
    SELECT count(*), count(*) FILTER (WHERE s.slot_name IS NULL OR s.wal_status = 'lost'),
           string_agg(format('slot %I: %s', mirror.slot_name,
             CASE WHEN s.slot_name IS NULL THEN 'missing'
                  ELSE format('%s bytes behind, %s', pg_wal_lsn_diff(fence, s.confirmed_flush_lsn),
                              CASE WHEN s.active THEN 'connected' ELSE 'not connected' END) END),
             chr(10) ORDER BY mirror.slot_name)
      INTO pending, gone, lines
      FROM (VALUES
        ('pgsp_rev_1'),
        ('pgsp_rev_2'),
        ('pgsp_rev_3'),
        ('pgsp_rev_4'),
        ('pgsp_rev_5'),
        ('pgsp_rev_6'),
        ('pgsp_rev_7'),
        ('pgsp_rev_8')) AS mirror(slot_name)
      LEFT JOIN pg_replication_slots AS s ON s.slot_name = mirror.slot_name AND s.database = current_database()
      WHERE (s.confirmed_flush_lsn >= fence) IS NOT TRUE OR s.wal_status = 'lost';
    EXIT WHEN pending = 0;
    IF gone > 0 OR clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = format('%s slots have not passed %s', pending, fence), DETAIL = lines,
        HINT = CASE WHEN gone > 0 THEN 'A slot that is missing or lost needs a new start of its subscription.'
                    ELSE 'Look at the log of the subscriber. Run this file again to wait longer.' END;
    END IF;
    -- whenever there is more to send, a walsender asks its subscriber how far it is
    PERFORM pg_logical_emit_message(true, 'pgslotplan', 'fence');
    COMMIT;
    PERFORM pg_sleep(nap);
    nap := least(0.2, nap * 1.2);
  END LOOP;
  RAISE INFO 'every slot has passed %', fence;
END
$pgslotplan$;
