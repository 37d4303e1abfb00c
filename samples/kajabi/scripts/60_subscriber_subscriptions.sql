-- 60_subscriber_subscriptions.sql: Creates and enables the subscriptions; the initial copy starts.
-- phase start, on the subscriber, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -v publisher_dsn="$PGSLOTPLAN_PUBLISHER" -f 60_subscriber_subscriptions.sql
-- Variable publisher_dsn (needed): connection string by which the subscriber's server reaches the publisher's database, with a role that has REPLICATION and SELECT on the tables
-- Hazard: The connection string is stored on the subscriber and may be logged with the statement: leave the password to a password file of the subscriber's server where the versions allow it. An initial copy reads every table of the publisher once.
-- Undo: 90_subscriber_cleanup.sql, then 91_publisher_cleanup.sql; then empty the tables.

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\if :{?publisher_dsn}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable publisher_dsn is not set', HINT = 'Run psql with -v publisher_dsn="...": connection string by which the subscriber''s server reaches the publisher''s database, with a role that has REPLICATION and SELECT on the tables';
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
CREATE TABLE IF NOT EXISTS pgslotplan.plan (
    prefix text PRIMARY KEY,
    plan_sha256 text NOT NULL,
    stopped boolean NOT NULL DEFAULT false
);
INSERT INTO pgslotplan.plan (prefix, plan_sha256) VALUES ('pgsp', 'ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd') ON CONFLICT DO NOTHING;
DO $pgslotplan$
DECLARE
  found_count bigint;
  found_lines text;
BEGIN
  SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20)
    INTO found_count, found_lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
      SELECT format('prefix %s belongs to plan %s', prefix, plan_sha256) FROM pgslotplan.plan
      WHERE prefix = 'pgsp' AND plan_sha256 <> 'ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd'
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' other plan is being carried out here', DETAIL = found_lines, HINT = 'Run the clean-up files of that plan first, or plan with another --prefix.';
  END IF;
END
$pgslotplan$;

DO $pgslotplan$
BEGIN
  IF (SELECT stopped FROM pgslotplan.plan WHERE prefix = 'pgsp') THEN
    RAISE EXCEPTION USING MESSAGE = 'the subscriptions were stopped for the cutover',
      HINT = 'Starting them again is right only if nothing was written to the subscriber since. If so: UPDATE pgslotplan.plan SET stopped = false; and run this file again.';
  END IF;
END
$pgslotplan$;

DO $pgslotplan$
DECLARE
  found_count bigint;
  found_lines text;
BEGIN
  SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20)
    INTO found_count, found_lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
      SELECT format('subscription %I has slot %s and publications %s', s.subname, s.subslotname, s.subpublications)
      FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_contact_activities', 'pgsp_contact_activities', ARRAY['pgsp_contact_activities']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) JOIN pg_subscription AS s ON s.subname = planned.subscription_name
      JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
      WHERE s.subslotname IS DISTINCT FROM planned.slot_name::name OR s.subpublications <> planned.publications
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' subscriptions are not the planned ones', DETAIL = found_lines, HINT = 'Drop them if nothing uses them, or plan again with another --prefix.';
  END IF;
END
$pgslotplan$;

DO $pgslotplan$
DECLARE
  item record;
  has_rows boolean;
  found_count bigint := 0;
  found_lines text;
BEGIN
  FOR item IN
    WITH planned AS (SELECT * FROM (VALUES
        ('pgsp_email_events', 'public', 'email_events', false),
        ('pgsp_email_messages', 'public', 'email_message_parts', false),
        ('pgsp_email_messages', 'public', 'email_messages', false),
        ('pgsp_sessions', 'public', 'sessions', false),
        ('pgsp_contact_activities', 'public', 'contact_activities', false),
        ('pgsp_shared_1', 'public', 'page_views', false),
        ('pgsp_shared_2', 'public', 'account_addresses', false),
        ('pgsp_shared_2', 'public', 'account_addresses_2', false),
        ('pgsp_shared_2', 'public', 'account_comments', false),
        ('pgsp_shared_2', 'public', 'account_comments_2', false),
        ('pgsp_shared_2', 'public', 'account_events', true),
        ('pgsp_shared_2', 'public', 'account_events_2', false),
        ('pgsp_shared_2', 'public', 'account_events_3', false),
        ('pgsp_shared_2', 'public', 'account_files', false),
        ('pgsp_shared_2', 'public', 'account_files_2', false),
        ('pgsp_shared_2', 'public', 'account_history', false),
        ('pgsp_shared_2', 'public', 'account_history_2', false),
        ('pgsp_shared_2', 'public', 'account_history_3', false),
        ('pgsp_shared_2', 'public', 'account_items', true),
        ('pgsp_shared_2', 'public', 'account_items_2', false),
        ('pgsp_shared_2', 'public', 'account_items_3', false),
        ('pgsp_shared_2', 'public', 'account_jobs', false),
        ('pgsp_shared_2', 'public', 'account_jobs_2', false),
        ('pgsp_shared_2', 'public', 'account_limits', false),
        ('pgsp_shared_2', 'public', 'account_limits_2', false),
        ('pgsp_shared_2', 'public', 'account_links', false),
        ('pgsp_shared_2', 'public', 'account_links_2', false),
        ('pgsp_shared_2', 'public', 'account_logs_2', false),
        ('pgsp_shared_2', 'public', 'account_members', false),
        ('pgsp_shared_2', 'public', 'account_members_2', false),
        ('pgsp_shared_2', 'public', 'account_notes', false),
        ('pgsp_shared_2', 'public', 'account_notes_2', false),
        ('pgsp_shared_2', 'public', 'account_notes_3', false),
        ('pgsp_shared_2', 'public', 'account_rules', false),
        ('pgsp_shared_2', 'public', 'account_rules_2', false),
        ('pgsp_shared_2', 'public', 'account_settings', true),
        ('pgsp_shared_2', 'public', 'account_settings_2', false),
        ('pgsp_shared_2', 'public', 'account_settings_3', false),
        ('pgsp_shared_2', 'public', 'account_sources', false),
        ('pgsp_shared_2', 'public', 'account_sources_2', false),
        ('pgsp_shared_2', 'public', 'account_stats', false),
        ('pgsp_shared_2', 'public', 'account_steps', false),
        ('pgsp_shared_2', 'public', 'account_steps_2', false),
        ('pgsp_shared_2', 'public', 'account_tags', true),
        ('pgsp_shared_2', 'public', 'account_tags_2', false),
        ('pgsp_shared_2', 'public', 'account_tags_3', false),
        ('pgsp_shared_2', 'public', 'account_tokens', false),
        ('pgsp_shared_2', 'public', 'account_tokens_2', false),
        ('pgsp_shared_2', 'public', 'account_versions', false),
        ('pgsp_shared_2', 'public', 'account_versions_2', false),
        ('pgsp_shared_2', 'public', 'accounts', false),
        ('pgsp_shared_2', 'public', 'asset2_events', false),
        ('pgsp_shared_2', 'public', 'asset2s', false),
        ('pgsp_shared_2', 'public', 'campaign2_events', false),
        ('pgsp_shared_2', 'public', 'campaign2_items', false),
        ('pgsp_shared_2', 'public', 'campaign2s', false),
        ('pgsp_shared_2', 'public', 'campaign3_events', false),
        ('pgsp_shared_2', 'public', 'campaign3s', false),
        ('pgsp_shared_2', 'public', 'contact2_events', false),
        ('pgsp_shared_2', 'public', 'contact2_items', false),
        ('pgsp_shared_2', 'public', 'contact2s', false),
        ('pgsp_shared_2', 'public', 'order_addresses', false),
        ('pgsp_shared_2', 'public', 'order_comments', false),
        ('pgsp_shared_2', 'public', 'order_events', false),
        ('pgsp_shared_2', 'public', 'order_files', false),
        ('pgsp_shared_2', 'public', 'order_history', false),
        ('pgsp_shared_2', 'public', 'order_items', false),
        ('pgsp_shared_2', 'public', 'order_jobs', false),
        ('pgsp_shared_2', 'public', 'order_limits', false),
        ('pgsp_shared_2', 'public', 'order_links', false),
        ('pgsp_shared_2', 'public', 'order_logs', false),
        ('pgsp_shared_2', 'public', 'order_members', false),
        ('pgsp_shared_2', 'public', 'order_notes', false),
        ('pgsp_shared_2', 'public', 'order_rules', false),
        ('pgsp_shared_2', 'public', 'order_settings', false),
        ('pgsp_shared_2', 'public', 'order_stats', false),
        ('pgsp_shared_2', 'public', 'order_steps', false),
        ('pgsp_shared_2', 'public', 'order_tags', false),
        ('pgsp_shared_2', 'public', 'order_tokens', false),
        ('pgsp_shared_2', 'public', 'order_versions', false),
        ('pgsp_shared_2', 'public', 'orders', false),
        ('pgsp_shared_2', 'public', 'product2_events', false),
        ('pgsp_shared_2', 'public', 'product2_items', false),
        ('pgsp_shared_2', 'public', 'product2s', false),
        ('pgsp_shared_2', 'public', 'product3_events', false),
        ('pgsp_shared_2', 'public', 'product3s', false),
        ('pgsp_shared_2', 'public', 'report2_events', false),
        ('pgsp_shared_2', 'public', 'report2s', false),
        ('pgsp_shared_2', 'public', 'webhook_events', false),
        ('pgsp_shared_2', 'public', 'webhook_items', false),
        ('pgsp_shared_2', 'public', 'webhook_settings', false),
        ('pgsp_shared_2', 'public', 'webhook_tags', false),
        ('pgsp_shared_2', 'public', 'webhooks', false),
        ('pgsp_shared_3', 'public', 'account2_events', false),
        ('pgsp_shared_3', 'public', 'account2_items', false),
        ('pgsp_shared_3', 'public', 'account2s', false),
        ('pgsp_shared_3', 'public', 'account3_events', false),
        ('pgsp_shared_3', 'public', 'account3s', false),
        ('pgsp_shared_3', 'public', 'account_logs', false),
        ('pgsp_shared_3', 'public', 'account_stats_2', false),
        ('pgsp_shared_3', 'public', 'booking_events', false),
        ('pgsp_shared_3', 'public', 'booking_items', false),
        ('pgsp_shared_3', 'public', 'booking_settings', false),
        ('pgsp_shared_3', 'public', 'bookings', false),
        ('pgsp_shared_3', 'public', 'contact3_events', false),
        ('pgsp_shared_3', 'public', 'contact3s', false),
        ('pgsp_shared_3', 'public', 'contact_comments', false),
        ('pgsp_shared_3', 'public', 'contact_events', false),
        ('pgsp_shared_3', 'public', 'contact_files', false),
        ('pgsp_shared_3', 'public', 'contact_history', false),
        ('pgsp_shared_3', 'public', 'contact_items', false),
        ('pgsp_shared_3', 'public', 'contact_jobs', false),
        ('pgsp_shared_3', 'public', 'contact_links', false),
        ('pgsp_shared_3', 'public', 'contact_members', false),
        ('pgsp_shared_3', 'public', 'contact_notes', false),
        ('pgsp_shared_3', 'public', 'contact_settings', false),
        ('pgsp_shared_3', 'public', 'contact_stats', false),
        ('pgsp_shared_3', 'public', 'contact_tags', false),
        ('pgsp_shared_3', 'public', 'contact_versions', false),
        ('pgsp_shared_3', 'public', 'contacts', false),
        ('pgsp_shared_3', 'public', 'course_events', false),
        ('pgsp_shared_3', 'public', 'course_items', false),
        ('pgsp_shared_3', 'public', 'course_settings', false),
        ('pgsp_shared_3', 'public', 'course_tags', false),
        ('pgsp_shared_3', 'public', 'courses', false),
        ('pgsp_shared_3', 'public', 'device_events', false),
        ('pgsp_shared_3', 'public', 'device_items', false),
        ('pgsp_shared_3', 'public', 'device_settings', false),
        ('pgsp_shared_3', 'public', 'device_tags', false),
        ('pgsp_shared_3', 'public', 'devices', false),
        ('pgsp_shared_3', 'public', 'invoice2_events', false),
        ('pgsp_shared_3', 'public', 'invoice2_items', false),
        ('pgsp_shared_3', 'public', 'invoice2s', false),
        ('pgsp_shared_3', 'public', 'invoice3_events', false),
        ('pgsp_shared_3', 'public', 'invoice3s', false),
        ('pgsp_shared_3', 'public', 'invoice_comments', false),
        ('pgsp_shared_3', 'public', 'invoice_events', false),
        ('pgsp_shared_3', 'public', 'invoice_files', false),
        ('pgsp_shared_3', 'public', 'invoice_history', false),
        ('pgsp_shared_3', 'public', 'invoice_items', false),
        ('pgsp_shared_3', 'public', 'invoice_jobs', false),
        ('pgsp_shared_3', 'public', 'invoice_links', false),
        ('pgsp_shared_3', 'public', 'invoice_members', false),
        ('pgsp_shared_3', 'public', 'invoice_notes', false),
        ('pgsp_shared_3', 'public', 'invoice_rules', false),
        ('pgsp_shared_3', 'public', 'invoice_settings', false),
        ('pgsp_shared_3', 'public', 'invoice_stats', false),
        ('pgsp_shared_3', 'public', 'invoice_tags', false),
        ('pgsp_shared_3', 'public', 'invoice_tokens', false),
        ('pgsp_shared_3', 'public', 'invoice_versions', false),
        ('pgsp_shared_3', 'public', 'invoices', false),
        ('pgsp_shared_3', 'public', 'listing_events', false),
        ('pgsp_shared_3', 'public', 'listing_items', false),
        ('pgsp_shared_3', 'public', 'listing_settings', false),
        ('pgsp_shared_3', 'public', 'listings', false),
        ('pgsp_shared_3', 'public', 'message2_events', false),
        ('pgsp_shared_3', 'public', 'message2_items', false),
        ('pgsp_shared_3', 'public', 'message2s', false),
        ('pgsp_shared_3', 'public', 'message3_events', false),
        ('pgsp_shared_3', 'public', 'message3s', false),
        ('pgsp_shared_3', 'public', 'message_events', false),
        ('pgsp_shared_3', 'public', 'message_files', false),
        ('pgsp_shared_3', 'public', 'message_history', false),
        ('pgsp_shared_3', 'public', 'message_items', false),
        ('pgsp_shared_3', 'public', 'message_members', false),
        ('pgsp_shared_3', 'public', 'message_notes', false),
        ('pgsp_shared_3', 'public', 'message_settings', false),
        ('pgsp_shared_3', 'public', 'message_tags', false),
        ('pgsp_shared_3', 'public', 'messages', false),
        ('pgsp_shared_3', 'public', 'order2_events', false),
        ('pgsp_shared_3', 'public', 'order2_items', false),
        ('pgsp_shared_3', 'public', 'order2s', false),
        ('pgsp_shared_3', 'public', 'payment2_events', false),
        ('pgsp_shared_3', 'public', 'payment2_items', false),
        ('pgsp_shared_3', 'public', 'payment2s', false),
        ('pgsp_shared_3', 'public', 'report_events', false),
        ('pgsp_shared_3', 'public', 'report_items', false),
        ('pgsp_shared_3', 'public', 'report_notes', false),
        ('pgsp_shared_3', 'public', 'report_settings', false),
        ('pgsp_shared_3', 'public', 'report_tags', false),
        ('pgsp_shared_3', 'public', 'reports', false),
        ('pgsp_shared_3', 'public', 'sensor2_events', false),
        ('pgsp_shared_3', 'public', 'sensor2s', false),
        ('pgsp_shared_3', 'public', 'session_events', false),
        ('pgsp_shared_3', 'public', 'session_items', false),
        ('pgsp_shared_3', 'public', 'session_settings', false),
        ('pgsp_shared_3', 'public', 'shipment3_events', false),
        ('pgsp_shared_3', 'public', 'shipment3s', false),
        ('pgsp_shared_3', 'public', 'survey2_events', false),
        ('pgsp_shared_3', 'public', 'survey2s', false),
        ('pgsp_shared_3', 'public', 'survey_events', false),
        ('pgsp_shared_3', 'public', 'survey_items', false),
        ('pgsp_shared_3', 'public', 'survey_settings', false),
        ('pgsp_shared_3', 'public', 'surveys', false),
        ('pgsp_shared_3', 'public', 'ticket3_events', false),
        ('pgsp_shared_3', 'public', 'ticket3s', false),
        ('pgsp_shared_3', 'public', 'webhook2_events', false),
        ('pgsp_shared_3', 'public', 'webhook2s', false),
        ('pgsp_shared_4', 'public', 'asset_events', false),
        ('pgsp_shared_4', 'public', 'asset_items', false),
        ('pgsp_shared_4', 'public', 'asset_notes', false),
        ('pgsp_shared_4', 'public', 'asset_settings', false),
        ('pgsp_shared_4', 'public', 'asset_tags', false),
        ('pgsp_shared_4', 'public', 'assets', false),
        ('pgsp_shared_4', 'public', 'booking2_events', false),
        ('pgsp_shared_4', 'public', 'booking2s', false),
        ('pgsp_shared_4', 'public', 'campaign_events', false),
        ('pgsp_shared_4', 'public', 'campaign_files', false),
        ('pgsp_shared_4', 'public', 'campaign_history', false),
        ('pgsp_shared_4', 'public', 'campaign_items', false),
        ('pgsp_shared_4', 'public', 'campaign_jobs', false),
        ('pgsp_shared_4', 'public', 'campaign_links', false),
        ('pgsp_shared_4', 'public', 'campaign_members', false),
        ('pgsp_shared_4', 'public', 'campaign_notes', false),
        ('pgsp_shared_4', 'public', 'campaign_settings', false),
        ('pgsp_shared_4', 'public', 'campaign_stats', false),
        ('pgsp_shared_4', 'public', 'campaign_tags', false),
        ('pgsp_shared_4', 'public', 'campaigns', false),
        ('pgsp_shared_4', 'public', 'course2_events', false),
        ('pgsp_shared_4', 'public', 'course2s', false),
        ('pgsp_shared_4', 'public', 'device2_events', false),
        ('pgsp_shared_4', 'public', 'device2s', false),
        ('pgsp_shared_4', 'public', 'listing2_events', false),
        ('pgsp_shared_4', 'public', 'listing2s', false),
        ('pgsp_shared_4', 'public', 'order3_events', false),
        ('pgsp_shared_4', 'public', 'order3s', false),
        ('pgsp_shared_4', 'public', 'patient2_events', false),
        ('pgsp_shared_4', 'public', 'patient2s', false),
        ('pgsp_shared_4', 'public', 'patient_events', false),
        ('pgsp_shared_4', 'public', 'patient_items', false),
        ('pgsp_shared_4', 'public', 'patients', false),
        ('pgsp_shared_4', 'public', 'payment3_events', false),
        ('pgsp_shared_4', 'public', 'payment3s', false),
        ('pgsp_shared_4', 'public', 'payment_events', false),
        ('pgsp_shared_4', 'public', 'payment_history', false),
        ('pgsp_shared_4', 'public', 'payment_items', false),
        ('pgsp_shared_4', 'public', 'payment_notes', false),
        ('pgsp_shared_4', 'public', 'payment_settings', false),
        ('pgsp_shared_4', 'public', 'payment_tags', false),
        ('pgsp_shared_4', 'public', 'payments', false),
        ('pgsp_shared_4', 'public', 'policy2_events', false),
        ('pgsp_shared_4', 'public', 'policy2s', false),
        ('pgsp_shared_4', 'public', 'policy_events', false),
        ('pgsp_shared_4', 'public', 'policy_items', false),
        ('pgsp_shared_4', 'public', 'policy_settings', false),
        ('pgsp_shared_4', 'public', 'policys', false),
        ('pgsp_shared_4', 'public', 'product_events', false),
        ('pgsp_shared_4', 'public', 'product_files', false),
        ('pgsp_shared_4', 'public', 'product_history', false),
        ('pgsp_shared_4', 'public', 'product_items', false),
        ('pgsp_shared_4', 'public', 'product_notes', false),
        ('pgsp_shared_4', 'public', 'product_settings', false),
        ('pgsp_shared_4', 'public', 'product_tags', false),
        ('pgsp_shared_4', 'public', 'products', false),
        ('pgsp_shared_4', 'public', 'project2_events', false),
        ('pgsp_shared_4', 'public', 'project2s', false),
        ('pgsp_shared_4', 'public', 'project_events', false),
        ('pgsp_shared_4', 'public', 'project_items', false),
        ('pgsp_shared_4', 'public', 'project_notes', false),
        ('pgsp_shared_4', 'public', 'project_settings', false),
        ('pgsp_shared_4', 'public', 'project_tags', false),
        ('pgsp_shared_4', 'public', 'projects', false),
        ('pgsp_shared_4', 'public', 'sensor_events', false),
        ('pgsp_shared_4', 'public', 'sensor_items', false),
        ('pgsp_shared_4', 'public', 'sensors', false),
        ('pgsp_shared_4', 'public', 'session2_events', false),
        ('pgsp_shared_4', 'public', 'session2s', false),
        ('pgsp_shared_4', 'public', 'session_tags', false),
        ('pgsp_shared_4', 'public', 'shipment2_events', false),
        ('pgsp_shared_4', 'public', 'shipment2s', false),
        ('pgsp_shared_4', 'public', 'shipment_events', false),
        ('pgsp_shared_4', 'public', 'shipment_items', false),
        ('pgsp_shared_4', 'public', 'shipment_notes', false),
        ('pgsp_shared_4', 'public', 'shipment_settings', false),
        ('pgsp_shared_4', 'public', 'shipment_tags', false),
        ('pgsp_shared_4', 'public', 'shipments', false),
        ('pgsp_shared_4', 'public', 'ticket2_events', false),
        ('pgsp_shared_4', 'public', 'ticket2_items', false),
        ('pgsp_shared_4', 'public', 'ticket2s', false),
        ('pgsp_shared_4', 'public', 'ticket_events', false),
        ('pgsp_shared_4', 'public', 'ticket_files', false),
        ('pgsp_shared_4', 'public', 'ticket_history', false),
        ('pgsp_shared_4', 'public', 'ticket_items', false),
        ('pgsp_shared_4', 'public', 'ticket_members', false),
        ('pgsp_shared_4', 'public', 'ticket_notes', false),
        ('pgsp_shared_4', 'public', 'ticket_settings', false),
        ('pgsp_shared_4', 'public', 'ticket_tags', false),
        ('pgsp_shared_4', 'public', 'tickets', false),
        ('pgsp_shared_4', 'public', 'vehicle2_events', false),
        ('pgsp_shared_4', 'public', 'vehicle2s', false),
        ('pgsp_shared_4', 'public', 'vehicle_events', false),
        ('pgsp_shared_4', 'public', 'vehicle_items', false),
        ('pgsp_shared_4', 'public', 'vehicles', false)) AS planned(subscription_name, schema_name, table_name, is_only))
    SELECT n.nspname, c.relname, CASE WHEN bool_and(planned.is_only) THEN 'ONLY ' ELSE '' END AS only_word
    FROM planned
    JOIN pg_namespace AS n ON n.nspname = planned.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name
    WHERE NOT EXISTS (
      SELECT FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid
      WHERE r.srrelid = c.oid AND s.subname IN (SELECT subscription_name FROM planned))
    GROUP BY n.nspname, c.relname ORDER BY n.nspname, c.relname
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s%I.%I)', item.only_word, item.nspname, item.relname) INTO has_rows;
    IF has_rows THEN
      found_count := found_count + 1;
      IF found_count <= 20 THEN
        found_lines := concat_ws(chr(10), found_lines, format('table %I.%I', item.nspname, item.relname));
      END IF;
    END IF;
  END LOOP;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' tables of the subscriber are not empty', DETAIL = found_lines,
      HINT = 'The initial copy would add its rows to them, and a row that is there already stops a slot. Empty them first.';
  END IF;
END
$pgslotplan$;

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_email_events') AS subscription_0_is_missing
\gset
\if :subscription_0_is_missing
CREATE SUBSCRIPTION pgsp_email_events
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_email_events
    WITH (create_slot = false, slot_name = 'pgsp_email_events', copy_data = true, enabled = true, streaming = off);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_email_messages') AS subscription_1_is_missing
\gset
\if :subscription_1_is_missing
CREATE SUBSCRIPTION pgsp_email_messages
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_email_messages
    WITH (create_slot = false, slot_name = 'pgsp_email_messages', copy_data = true, enabled = true, streaming = off);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_sessions') AS subscription_2_is_missing
\gset
\if :subscription_2_is_missing
CREATE SUBSCRIPTION pgsp_sessions
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_sessions
    WITH (create_slot = false, slot_name = 'pgsp_sessions', copy_data = true, enabled = true, streaming = off);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_contact_activities') AS subscription_3_is_missing
\gset
\if :subscription_3_is_missing
CREATE SUBSCRIPTION pgsp_contact_activities
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_contact_activities
    WITH (create_slot = false, slot_name = 'pgsp_contact_activities', copy_data = true, enabled = true, streaming = off);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_1') AS subscription_4_is_missing
\gset
\if :subscription_4_is_missing
CREATE SUBSCRIPTION pgsp_shared_1
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_shared_1
    WITH (create_slot = false, slot_name = 'pgsp_shared_1', copy_data = true, enabled = true, streaming = off);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_2') AS subscription_5_is_missing
\gset
\if :subscription_5_is_missing
CREATE SUBSCRIPTION pgsp_shared_2
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_shared_2
    WITH (create_slot = false, slot_name = 'pgsp_shared_2', copy_data = true, enabled = true, streaming = off);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_3') AS subscription_6_is_missing
\gset
\if :subscription_6_is_missing
CREATE SUBSCRIPTION pgsp_shared_3
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_shared_3
    WITH (create_slot = false, slot_name = 'pgsp_shared_3', copy_data = true, enabled = true, streaming = off);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_4') AS subscription_7_is_missing
\gset
\if :subscription_7_is_missing
CREATE SUBSCRIPTION pgsp_shared_4
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_shared_4
    WITH (create_slot = false, slot_name = 'pgsp_shared_4', copy_data = true, enabled = true, streaming = off);
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_email_events' AND NOT s.subenabled) AS subscription_0_is_disabled
\gset
\if :subscription_0_is_disabled
ALTER SUBSCRIPTION pgsp_email_events ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_email_messages' AND NOT s.subenabled) AS subscription_1_is_disabled
\gset
\if :subscription_1_is_disabled
ALTER SUBSCRIPTION pgsp_email_messages ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_sessions' AND NOT s.subenabled) AS subscription_2_is_disabled
\gset
\if :subscription_2_is_disabled
ALTER SUBSCRIPTION pgsp_sessions ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_contact_activities' AND NOT s.subenabled) AS subscription_3_is_disabled
\gset
\if :subscription_3_is_disabled
ALTER SUBSCRIPTION pgsp_contact_activities ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_1' AND NOT s.subenabled) AS subscription_4_is_disabled
\gset
\if :subscription_4_is_disabled
ALTER SUBSCRIPTION pgsp_shared_1 ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_2' AND NOT s.subenabled) AS subscription_5_is_disabled
\gset
\if :subscription_5_is_disabled
ALTER SUBSCRIPTION pgsp_shared_2 ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_3' AND NOT s.subenabled) AS subscription_6_is_disabled
\gset
\if :subscription_6_is_disabled
ALTER SUBSCRIPTION pgsp_shared_3 ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_4' AND NOT s.subenabled) AS subscription_7_is_disabled
\gset
\if :subscription_7_is_disabled
ALTER SUBSCRIPTION pgsp_shared_4 ENABLE;
\endif
