-- 50_publisher_slots.sql: Creates the replication slots.
-- phase start, on the publisher, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 50_publisher_slots.sql
-- Hazard: Making the first slot waits for every transaction that is writing now, in any database of the server; prepared transactions count. From now on the publisher keeps all WAL until the subscriptions confirm it: go on soon, and watch its disk.
-- Undo: 91_publisher_cleanup.sql drops them.

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
  IF current_database() <> 'kajabi_production' THEN
    RAISE EXCEPTION USING MESSAGE = format('the plan is for database %I, but this is database %I', 'kajabi_production', current_database()),
      HINT = 'Run this file in the planned database of the publisher.';
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
  found_count bigint;
  found_lines text;
BEGIN
  SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20)
    INTO found_count, found_lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
      SELECT line FROM (WITH options AS (SELECT * FROM (VALUES
        ('pgsp_email_events', true, true, true, true, false),
        ('pgsp_email_messages', true, true, true, true, false),
        ('pgsp_sessions', true, true, true, true, false),
        ('pgsp_contact_activities', true, true, true, true, false),
        ('pgsp_shared_1', true, true, true, true, false),
        ('pgsp_shared_2', true, true, true, true, false),
        ('pgsp_shared_3', true, true, true, true, true),
        ('pgsp_shared_4', true, true, true, true, true)) AS planned(publication_name, inserts, updates, deletes, truncates, via_root)),
      planned AS (SELECT * FROM (VALUES
        ('pgsp_email_events', 'public', 'email_events', false, ARRAY[]::text[]),
        ('pgsp_email_messages', 'public', 'email_message_parts', false, ARRAY[]::text[]),
        ('pgsp_email_messages', 'public', 'email_messages', false, ARRAY[]::text[]),
        ('pgsp_sessions', 'public', 'sessions', false, ARRAY[]::text[]),
        ('pgsp_contact_activities', 'public', 'contact_activities', false, ARRAY[]::text[]),
        ('pgsp_shared_1', 'public', 'page_views', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_addresses', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_addresses_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_comments', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_comments_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_events', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_events_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_events_3', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_files', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_files_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_history', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_history_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_history_3', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_items', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_items_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_items_3', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_jobs', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_jobs_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_limits', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_limits_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_links', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_links_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_logs_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_members', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_members_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_notes_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_notes_3', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_rules', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_rules_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_settings_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_settings_3', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_sources', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_sources_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_stats', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_steps', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_steps_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_tags_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_tags_3', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_tokens', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_tokens_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_versions', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'account_versions_2', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'accounts', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'asset2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'asset2s', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'campaign2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'campaign2_items', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'campaign2s', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'campaign3_events', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'campaign3s', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'contact2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'contact2_items', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'contact2s', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_addresses', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_comments', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_events', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_files', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_history', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_items', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_jobs', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_limits', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_links', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_logs', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_members', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_rules', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_stats', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_steps', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_tokens', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'order_versions', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'orders', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'product2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'product2_items', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'product2s', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'product3_events', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'product3s', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'report2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'report2s', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'webhook_events', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'webhook_items', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'webhook_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'webhook_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'webhooks', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'account2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'account2_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'account2s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'account3_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'account3s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'account_logs', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'account_stats_2', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'booking_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'booking_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'booking_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'bookings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact3_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact3s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_comments', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_files', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_history', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_jobs', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_links', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_members', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_stats', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contact_versions', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'contacts', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'course_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'course_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'course_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'course_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'courses', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'device_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'device_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'device_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'device_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'devices', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice2_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice2s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice3_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice3s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_comments', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_files', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_history', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_jobs', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_links', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_members', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_rules', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_stats', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_tokens', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_versions', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoices', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'listing_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'listing_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'listing_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'listings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message2_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message2s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message3_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message3s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message_files', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message_history', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message_members', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'message_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'messages', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'order2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'order2_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'order2s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'payment2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'payment2_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'payment2s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'report_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'report_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'report_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'report_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'report_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'reports', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'sensor2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'sensor2s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'session_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'session_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'session_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'shipment3_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'shipment3s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'survey2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'survey2s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'survey_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'survey_items', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'survey_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'surveys', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'ticket3_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'ticket3s', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'webhook2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'webhook2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'asset_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'asset_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'asset_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'asset_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'asset_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'assets', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'booking2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'booking2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaign_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaign_files', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaign_history', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaign_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaign_jobs', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaign_links', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaign_members', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaign_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaign_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaign_stats', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaign_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'campaigns', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'course2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'course2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'device2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'device2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'listing2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'listing2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'order3_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'order3s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'patient2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'patient2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'patient_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'patient_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'patients', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'payment3_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'payment3s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'payment_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'payment_history', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'payment_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'payment_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'payment_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'payment_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'payments', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'policy2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'policy2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'policy_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'policy_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'policy_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'policys', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'product_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'product_files', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'product_history', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'product_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'product_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'product_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'product_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'products', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'project2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'project2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'project_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'project_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'project_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'project_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'project_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'projects', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'sensor_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'sensor_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'sensors', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'session2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'session2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'session_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'shipment2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'shipment2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'shipment_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'shipment_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'shipment_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'shipment_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'shipment_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'shipments', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'ticket2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'ticket2_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'ticket2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'ticket_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'ticket_files', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'ticket_history', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'ticket_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'ticket_members', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'ticket_notes', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'ticket_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'ticket_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'tickets', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'vehicle2_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'vehicle2s', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'vehicle_events', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'vehicle_items', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'vehicles', false, ARRAY[]::text[])) AS planned(publication_name, schema_name, table_name, filtered, columns)),
      actual AS (
        SELECT p.pubname, n.nspname, c.relname, false AS filtered, ARRAY[]::text[] AS columns
        FROM options AS planned JOIN pg_publication AS p ON p.pubname = planned.publication_name
        JOIN pg_publication_rel AS r ON r.prpubid = p.oid
        JOIN pg_class AS c ON c.oid = r.prrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
      )
      SELECT format('publication %I does not exist', publication_name) FROM options AS planned
      WHERE NOT EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = planned.publication_name)
      UNION ALL
      SELECT format('publication %I has other options than the plan', p.pubname) FROM options AS planned
      JOIN pg_publication AS p ON p.pubname = planned.publication_name
      WHERE p.puballtables OR p.pubinsert <> planned.inserts OR p.pubupdate <> planned.updates
        OR p.pubdelete <> planned.deletes OR p.pubtruncate <> planned.truncates OR p.pubviaroot <> planned.via_root
      UNION ALL
      SELECT format('publication %I lacks table %I.%I, or has another row filter or column list for it',
                    publication_name, schema_name, table_name)
      FROM planned WHERE NOT EXISTS (SELECT FROM actual AS a WHERE a.pubname = planned.publication_name
        AND a.nspname = planned.schema_name AND a.relname = planned.table_name
        AND a.filtered = planned.filtered AND a.columns = planned.columns)
      UNION ALL
      SELECT format('publication %I also has table %I.%I', a.pubname, a.nspname, a.relname)
      FROM actual AS a WHERE NOT EXISTS (SELECT FROM planned WHERE a.pubname = planned.publication_name
        AND a.nspname = planned.schema_name AND a.relname = planned.table_name)) AS difference(line)
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' differences between the publications and the plan', DETAIL = found_lines, HINT = 'Somebody else made or changed them. Drop them if nothing uses them, or plan again with another --prefix.';
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
      WITH s AS (SELECT s.* FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_contact_activities', 'pgsp_contact_activities', ARRAY['pgsp_contact_activities']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name)
      SELECT format('replication slot %I is not a lasting logical slot of plugin pgoutput in this database', s.slot_name)
      FROM s WHERE s.plugin IS DISTINCT FROM 'pgoutput' OR s.database IS DISTINCT FROM current_database() OR s.temporary
      UNION ALL
      SELECT format('replication slot %I is lost', s.slot_name) FROM s WHERE s.wal_status = 'lost'
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' replication slots cannot be used', DETAIL = found_lines, HINT = 'Drop them if nothing uses them (pg_drop_replication_slot), or plan again with another --prefix.';
  END IF;
END
$pgslotplan$;

SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'pgsp_email_events') AS slot_0_is_missing
\gset
\if :slot_0_is_missing
\o /dev/null
SELECT FROM pg_create_logical_replication_slot('pgsp_email_events', 'pgoutput');
\o
\endif

SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'pgsp_email_messages') AS slot_1_is_missing
\gset
\if :slot_1_is_missing
\o /dev/null
SELECT FROM pg_copy_logical_replication_slot('pgsp_email_events', 'pgsp_email_messages', false, 'pgoutput');
\o
\endif

SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'pgsp_sessions') AS slot_2_is_missing
\gset
\if :slot_2_is_missing
\o /dev/null
SELECT FROM pg_copy_logical_replication_slot('pgsp_email_events', 'pgsp_sessions', false, 'pgoutput');
\o
\endif

SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'pgsp_contact_activities') AS slot_3_is_missing
\gset
\if :slot_3_is_missing
\o /dev/null
SELECT FROM pg_copy_logical_replication_slot('pgsp_email_events', 'pgsp_contact_activities', false, 'pgoutput');
\o
\endif

SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'pgsp_shared_1') AS slot_4_is_missing
\gset
\if :slot_4_is_missing
\o /dev/null
SELECT FROM pg_copy_logical_replication_slot('pgsp_email_events', 'pgsp_shared_1', false, 'pgoutput');
\o
\endif

SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'pgsp_shared_2') AS slot_5_is_missing
\gset
\if :slot_5_is_missing
\o /dev/null
SELECT FROM pg_copy_logical_replication_slot('pgsp_email_events', 'pgsp_shared_2', false, 'pgoutput');
\o
\endif

SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'pgsp_shared_3') AS slot_6_is_missing
\gset
\if :slot_6_is_missing
\o /dev/null
SELECT FROM pg_copy_logical_replication_slot('pgsp_email_events', 'pgsp_shared_3', false, 'pgoutput');
\o
\endif

SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'pgsp_shared_4') AS slot_7_is_missing
\gset
\if :slot_7_is_missing
\o /dev/null
SELECT FROM pg_copy_logical_replication_slot('pgsp_email_events', 'pgsp_shared_4', false, 'pgoutput');
\o
\endif
