-- 10_publisher_check.sql: Looks whether the publisher still is what the plan was made for. Changes nothing.
-- phase prepare, on the publisher, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 10_publisher_check.sql

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
      SELECT format('wal_level is %s, but must be logical', current_setting('wal_level'))
      WHERE current_setting('wal_level') <> 'logical'
      UNION ALL
      SELECT format('max_replication_slots is %s, but must be at least %s: %s are used by others, 26 are needed, 2 are spare',
                    current_setting('max_replication_slots'), others + 28, others)
      FROM (SELECT count(*) FROM pg_replication_slots AS s WHERE s.slot_name !~ '_[0-9]+_sync_[0-9]+'
              AND NOT EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_contact_activities', 'pgsp_contact_activities', ARRAY['pgsp_contact_activities']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) WHERE planned.slot_name = s.slot_name)) AS used(others)
      WHERE current_setting('max_replication_slots')::integer < others + 28
      UNION ALL
      SELECT format('max_wal_senders is %s, but must be at least %s: %s are used by others, 27 are needed',
                    current_setting('max_wal_senders'), others + 27, others)
      FROM (SELECT count(*) FROM pg_stat_replication AS r LEFT JOIN pg_replication_slots AS s ON s.active_pid = r.pid
             WHERE coalesce(s.slot_name, '') !~ '_[0-9]+_sync_[0-9]+'
               AND NOT EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_contact_activities', 'pgsp_contact_activities', ARRAY['pgsp_contact_activities']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) WHERE planned.slot_name = s.slot_name)) AS used(others)
      WHERE current_setting('max_wal_senders')::integer < others + 27
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' settings of the publisher are too small', DETAIL = found_lines, HINT = 'Raise them and restart the publisher; RUNBOOK.md has the numbers.';
  END IF;
END
$pgslotplan$;

DO $pgslotplan$
DECLARE
  found_line text;
BEGIN
  FOR found_line IN SELECT line FROM (
      SELECT format('%s is %s: a slot that waits longer is lost; %s is safe while the plan is carried out', name, setting, safe)
      FROM (VALUES ('max_slot_wal_keep_size', '-1'), ('idle_replication_slot_timeout', '0')) AS risky(risky_name, safe)
      JOIN pg_settings ON name = risky_name WHERE setting <> safe
  ) AS found(line) ORDER BY line LIMIT 20 LOOP
    RAISE WARNING '%: %', 'setting endangers the slots', found_line;
  END LOOP;
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
      WITH planned AS (SELECT DISTINCT schema_name, table_name, kind, needs_identity, via_root FROM (VALUES
        ('public', 'email_events', 'r', true, false),
        ('public', 'email_message_parts', 'r', true, false),
        ('public', 'email_messages', 'r', true, false),
        ('public', 'sessions', 'r', true, false),
        ('public', 'contact_activities', 'r', true, false),
        ('public', 'page_views', 'r', true, false),
        ('public', 'account_addresses', 'r', true, false),
        ('public', 'account_addresses_2', 'r', true, false),
        ('public', 'account_comments', 'r', true, false),
        ('public', 'account_comments_2', 'r', true, false),
        ('public', 'account_events', 'r', true, false),
        ('public', 'account_events_2', 'r', true, false),
        ('public', 'account_events_3', 'r', true, false),
        ('public', 'account_files', 'r', true, false),
        ('public', 'account_files_2', 'r', true, false),
        ('public', 'account_history', 'r', true, false),
        ('public', 'account_history_2', 'r', true, false),
        ('public', 'account_history_3', 'r', true, false),
        ('public', 'account_items', 'r', true, false),
        ('public', 'account_items_2', 'r', true, false),
        ('public', 'account_items_3', 'r', true, false),
        ('public', 'account_jobs', 'r', true, false),
        ('public', 'account_jobs_2', 'r', true, false),
        ('public', 'account_limits', 'r', true, false),
        ('public', 'account_limits_2', 'r', true, false),
        ('public', 'account_links', 'r', true, false),
        ('public', 'account_links_2', 'r', true, false),
        ('public', 'account_logs_2', 'r', true, false),
        ('public', 'account_members', 'r', true, false),
        ('public', 'account_members_2', 'r', true, false),
        ('public', 'account_notes', 'r', true, false),
        ('public', 'account_notes_2', 'r', true, false),
        ('public', 'account_notes_3', 'r', true, false),
        ('public', 'account_rules', 'r', true, false),
        ('public', 'account_rules_2', 'r', true, false),
        ('public', 'account_settings', 'r', true, false),
        ('public', 'account_settings_2', 'r', true, false),
        ('public', 'account_settings_3', 'r', true, false),
        ('public', 'account_sources', 'r', true, false),
        ('public', 'account_sources_2', 'r', true, false),
        ('public', 'account_stats', 'r', true, false),
        ('public', 'account_steps', 'r', true, false),
        ('public', 'account_steps_2', 'r', true, false),
        ('public', 'account_tags', 'r', true, false),
        ('public', 'account_tags_2', 'r', true, false),
        ('public', 'account_tags_3', 'r', true, false),
        ('public', 'account_tokens', 'r', true, false),
        ('public', 'account_tokens_2', 'r', true, false),
        ('public', 'account_versions', 'r', true, false),
        ('public', 'account_versions_2', 'r', true, false),
        ('public', 'accounts', 'r', true, false),
        ('public', 'asset2_events', 'r', true, false),
        ('public', 'asset2s', 'r', true, false),
        ('public', 'campaign2_events', 'r', true, false),
        ('public', 'campaign2_items', 'r', true, false),
        ('public', 'campaign2s', 'r', true, false),
        ('public', 'campaign3_events', 'r', true, false),
        ('public', 'campaign3s', 'r', true, false),
        ('public', 'contact2_events', 'r', true, false),
        ('public', 'contact2_items', 'r', true, false),
        ('public', 'contact2s', 'r', true, false),
        ('public', 'order_addresses', 'r', true, false),
        ('public', 'order_comments', 'r', true, false),
        ('public', 'order_events', 'r', true, false),
        ('public', 'order_files', 'r', true, false),
        ('public', 'order_history', 'r', true, false),
        ('public', 'order_items', 'r', true, false),
        ('public', 'order_jobs', 'r', true, false),
        ('public', 'order_limits', 'r', true, false),
        ('public', 'order_links', 'r', true, false),
        ('public', 'order_logs', 'r', true, false),
        ('public', 'order_members', 'r', true, false),
        ('public', 'order_notes', 'r', true, false),
        ('public', 'order_rules', 'r', true, false),
        ('public', 'order_settings', 'r', true, false),
        ('public', 'order_stats', 'r', true, false),
        ('public', 'order_steps', 'r', true, false),
        ('public', 'order_tags', 'r', true, false),
        ('public', 'order_tokens', 'r', true, false),
        ('public', 'order_versions', 'r', true, false),
        ('public', 'orders', 'r', true, false),
        ('public', 'product2_events', 'r', true, false),
        ('public', 'product2_items', 'r', true, false),
        ('public', 'product2s', 'r', true, false),
        ('public', 'product3_events', 'r', true, false),
        ('public', 'product3s', 'r', true, false),
        ('public', 'report2_events', 'r', true, false),
        ('public', 'report2s', 'r', true, false),
        ('public', 'webhook_events', 'r', true, false),
        ('public', 'webhook_items', 'r', true, false),
        ('public', 'webhook_settings', 'r', true, false),
        ('public', 'webhook_tags', 'r', true, false),
        ('public', 'webhooks', 'r', true, false),
        ('public', 'account2_events', 'r', true, false),
        ('public', 'account2_items', 'r', true, false),
        ('public', 'account2s', 'r', true, false),
        ('public', 'account3_events', 'r', true, false),
        ('public', 'account3s', 'r', true, false),
        ('public', 'account_logs', 'r', true, false),
        ('public', 'account_stats_2', 'r', true, false),
        ('public', 'booking_events', 'r', true, false),
        ('public', 'booking_items', 'r', true, false),
        ('public', 'booking_settings', 'r', true, false),
        ('public', 'bookings', 'r', true, false),
        ('public', 'contact3_events', 'r', true, false),
        ('public', 'contact3s', 'r', true, false),
        ('public', 'contact_comments', 'r', true, false),
        ('public', 'contact_events', 'r', true, false),
        ('public', 'contact_files', 'r', true, false),
        ('public', 'contact_history', 'r', true, false),
        ('public', 'contact_items', 'r', true, false),
        ('public', 'contact_jobs', 'r', true, false),
        ('public', 'contact_links', 'r', true, false),
        ('public', 'contact_members', 'r', true, false),
        ('public', 'contact_notes', 'r', true, false),
        ('public', 'contact_settings', 'r', true, false),
        ('public', 'contact_stats', 'r', true, false),
        ('public', 'contact_tags', 'r', true, false),
        ('public', 'contact_versions', 'r', true, false),
        ('public', 'contacts', 'r', true, false),
        ('public', 'course_events', 'r', true, false),
        ('public', 'course_items', 'r', true, false),
        ('public', 'course_settings', 'r', true, false),
        ('public', 'course_tags', 'r', true, false),
        ('public', 'courses', 'r', true, false),
        ('public', 'device_events', 'r', true, false),
        ('public', 'device_items', 'r', true, false),
        ('public', 'device_settings', 'r', true, false),
        ('public', 'device_tags', 'r', true, false),
        ('public', 'devices', 'r', true, false),
        ('public', 'invoice2_events', 'r', true, false),
        ('public', 'invoice2_items', 'r', true, false),
        ('public', 'invoice2s', 'r', true, false),
        ('public', 'invoice3_events', 'r', true, false),
        ('public', 'invoice3s', 'r', true, false),
        ('public', 'invoice_comments', 'r', true, false),
        ('public', 'invoice_events', 'r', true, false),
        ('public', 'invoice_files', 'r', true, false),
        ('public', 'invoice_history', 'r', true, false),
        ('public', 'invoice_items', 'r', true, false),
        ('public', 'invoice_jobs', 'r', true, false),
        ('public', 'invoice_links', 'r', true, false),
        ('public', 'invoice_members', 'r', true, false),
        ('public', 'invoice_notes', 'r', true, false),
        ('public', 'invoice_rules', 'r', true, false),
        ('public', 'invoice_settings', 'r', true, false),
        ('public', 'invoice_stats', 'r', true, false),
        ('public', 'invoice_tags', 'r', true, false),
        ('public', 'invoice_tokens', 'r', true, false),
        ('public', 'invoice_versions', 'r', true, false),
        ('public', 'invoices', 'r', true, false),
        ('public', 'listing_events', 'r', true, false),
        ('public', 'listing_items', 'r', true, false),
        ('public', 'listing_settings', 'r', true, false),
        ('public', 'listings', 'r', true, false),
        ('public', 'message2_events', 'r', true, false),
        ('public', 'message2_items', 'r', true, false),
        ('public', 'message2s', 'r', true, false),
        ('public', 'message3_events', 'r', true, false),
        ('public', 'message3s', 'r', true, false),
        ('public', 'message_events', 'r', true, false),
        ('public', 'message_files', 'r', true, false),
        ('public', 'message_history', 'r', true, false),
        ('public', 'message_items', 'r', true, false),
        ('public', 'message_members', 'r', true, false),
        ('public', 'message_notes', 'r', true, false),
        ('public', 'message_settings', 'r', true, false),
        ('public', 'message_tags', 'r', true, false),
        ('public', 'messages', 'r', true, false),
        ('public', 'order2_events', 'r', true, false),
        ('public', 'order2_items', 'r', true, false),
        ('public', 'order2s', 'r', true, false),
        ('public', 'payment2_events', 'r', true, false),
        ('public', 'payment2_items', 'r', true, false),
        ('public', 'payment2s', 'r', true, false),
        ('public', 'report_events', 'r', true, false),
        ('public', 'report_items', 'r', true, false),
        ('public', 'report_notes', 'r', true, false),
        ('public', 'report_settings', 'r', true, false),
        ('public', 'report_tags', 'r', true, false),
        ('public', 'reports', 'r', true, false),
        ('public', 'sensor2_events', 'r', true, false),
        ('public', 'sensor2s', 'r', true, false),
        ('public', 'session_events', 'r', true, false),
        ('public', 'session_items', 'r', true, false),
        ('public', 'session_settings', 'r', true, false),
        ('public', 'shipment3_events', 'p', true, true),
        ('public', 'shipment3s', 'r', true, false),
        ('public', 'survey2_events', 'r', true, false),
        ('public', 'survey2s', 'r', true, false),
        ('public', 'survey_events', 'r', true, false),
        ('public', 'survey_items', 'r', true, false),
        ('public', 'survey_settings', 'r', true, false),
        ('public', 'surveys', 'r', true, false),
        ('public', 'ticket3_events', 'r', true, false),
        ('public', 'ticket3s', 'r', true, false),
        ('public', 'webhook2_events', 'r', true, false),
        ('public', 'webhook2s', 'r', true, false),
        ('public', 'asset_events', 'r', true, false),
        ('public', 'asset_items', 'r', true, false),
        ('public', 'asset_notes', 'r', true, false),
        ('public', 'asset_settings', 'r', true, false),
        ('public', 'asset_tags', 'r', true, false),
        ('public', 'assets', 'r', true, false),
        ('public', 'booking2_events', 'r', true, false),
        ('public', 'booking2s', 'r', true, false),
        ('public', 'campaign_events', 'r', true, false),
        ('public', 'campaign_files', 'r', true, false),
        ('public', 'campaign_history', 'r', true, false),
        ('public', 'campaign_items', 'r', true, false),
        ('public', 'campaign_jobs', 'r', true, false),
        ('public', 'campaign_links', 'r', true, false),
        ('public', 'campaign_members', 'r', true, false),
        ('public', 'campaign_notes', 'r', true, false),
        ('public', 'campaign_settings', 'r', true, false),
        ('public', 'campaign_stats', 'r', true, false),
        ('public', 'campaign_tags', 'r', true, false),
        ('public', 'campaigns', 'r', true, false),
        ('public', 'course2_events', 'r', true, false),
        ('public', 'course2s', 'r', true, false),
        ('public', 'device2_events', 'r', true, false),
        ('public', 'device2s', 'r', true, false),
        ('public', 'listing2_events', 'r', true, false),
        ('public', 'listing2s', 'r', true, false),
        ('public', 'order3_events', 'r', true, false),
        ('public', 'order3s', 'r', true, false),
        ('public', 'patient2_events', 'r', true, false),
        ('public', 'patient2s', 'r', true, false),
        ('public', 'patient_events', 'r', true, false),
        ('public', 'patient_items', 'p', true, true),
        ('public', 'patients', 'r', true, false),
        ('public', 'payment3_events', 'r', true, false),
        ('public', 'payment3s', 'r', true, false),
        ('public', 'payment_events', 'r', true, false),
        ('public', 'payment_history', 'r', true, false),
        ('public', 'payment_items', 'r', true, false),
        ('public', 'payment_notes', 'r', true, false),
        ('public', 'payment_settings', 'r', true, false),
        ('public', 'payment_tags', 'r', true, false),
        ('public', 'payments', 'r', true, false),
        ('public', 'policy2_events', 'r', true, false),
        ('public', 'policy2s', 'r', true, false),
        ('public', 'policy_events', 'r', true, false),
        ('public', 'policy_items', 'r', true, false),
        ('public', 'policy_settings', 'r', true, false),
        ('public', 'policys', 'r', true, false),
        ('public', 'product_events', 'r', true, false),
        ('public', 'product_files', 'r', true, false),
        ('public', 'product_history', 'r', true, false),
        ('public', 'product_items', 'r', true, false),
        ('public', 'product_notes', 'r', true, false),
        ('public', 'product_settings', 'r', true, false),
        ('public', 'product_tags', 'r', true, false),
        ('public', 'products', 'r', true, false),
        ('public', 'project2_events', 'r', true, false),
        ('public', 'project2s', 'r', true, false),
        ('public', 'project_events', 'r', true, false),
        ('public', 'project_items', 'r', true, false),
        ('public', 'project_notes', 'r', true, false),
        ('public', 'project_settings', 'r', true, false),
        ('public', 'project_tags', 'r', true, false),
        ('public', 'projects', 'r', true, false),
        ('public', 'sensor_events', 'r', true, false),
        ('public', 'sensor_items', 'r', true, false),
        ('public', 'sensors', 'r', true, false),
        ('public', 'session2_events', 'r', true, false),
        ('public', 'session2s', 'r', true, false),
        ('public', 'session_tags', 'r', true, false),
        ('public', 'shipment2_events', 'r', true, false),
        ('public', 'shipment2s', 'r', true, false),
        ('public', 'shipment_events', 'r', true, false),
        ('public', 'shipment_items', 'r', true, false),
        ('public', 'shipment_notes', 'r', true, false),
        ('public', 'shipment_settings', 'r', true, false),
        ('public', 'shipment_tags', 'r', true, false),
        ('public', 'shipments', 'r', true, false),
        ('public', 'ticket2_events', 'r', true, false),
        ('public', 'ticket2_items', 'r', true, false),
        ('public', 'ticket2s', 'r', true, false),
        ('public', 'ticket_events', 'r', true, false),
        ('public', 'ticket_files', 'p', true, true),
        ('public', 'ticket_history', 'r', true, false),
        ('public', 'ticket_items', 'r', true, false),
        ('public', 'ticket_members', 'r', true, false),
        ('public', 'ticket_notes', 'r', true, false),
        ('public', 'ticket_settings', 'r', true, false),
        ('public', 'ticket_tags', 'r', true, false),
        ('public', 'tickets', 'r', true, false),
        ('public', 'vehicle2_events', 'r', true, false),
        ('public', 'vehicle2s', 'r', true, false),
        ('public', 'vehicle_events', 'r', true, false),
        ('public', 'vehicle_items', 'r', true, false),
        ('public', 'vehicles', 'r', true, false)) AS planned(schema_name, table_name, kind, needs_identity, via_root)),
      relation AS (
        SELECT planned.*, c.oid, c.relkind, c.relpersistence
        FROM planned LEFT JOIN (pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace)
        ON n.nspname = planned.schema_name AND c.relname = planned.table_name
      ),
      leaf AS (
        SELECT r.schema_name, r.table_name, r.needs_identity, r.via_root, r.oid AS root, l.oid, l.relkind, l.relpersistence, l.relreplident
        FROM relation AS r
        JOIN LATERAL (SELECT r.oid WHERE r.relkind = 'r'
                      UNION ALL SELECT t.relid FROM pg_partition_tree(r.oid) AS t WHERE r.relkind = 'p' AND t.isleaf) AS t(oid) ON true
        JOIN pg_class AS l ON l.oid = t.oid
      )
      SELECT format('table %I.%I does not exist', schema_name, table_name) FROM relation WHERE oid IS NULL
      UNION ALL
      SELECT format('table %I.%I is not %s', schema_name, table_name,
                    CASE kind WHEN 'p' THEN 'a partitioned table' ELSE 'an ordinary table' END)
      FROM relation WHERE relkind <> kind::"char"
      UNION ALL
      SELECT format('relation %s is unlogged, temporary or foreign: it cannot be published', oid::regclass)
      FROM leaf WHERE relpersistence <> 'p' OR relkind <> 'r'
      UNION ALL
      SELECT format('table %s has no replica identity: its UPDATE and DELETE would fail once published; mend it with %s', leaf.oid::regclass,
        coalesce('ALTER TABLE ' || leaf.oid::regclass || ' REPLICA IDENTITY USING INDEX ' || quote_ident(usable.relname),
          CASE WHEN EXISTS (SELECT FROM pg_index AS p WHERE p.indrelid = leaf.oid AND p.indisprimary AND p.indimmediate)
            THEN 'ALTER TABLE ' || leaf.oid::regclass || ' REPLICA IDENTITY DEFAULT' END,
          'a primary key, or ALTER TABLE ' || leaf.oid::regclass || ' REPLICA IDENTITY FULL, which writes whole old rows to WAL'))
      FROM leaf
      LEFT JOIN LATERAL (
        SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = leaf.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indislive AND NOT i.indisprimary
          AND i.indpred IS NULL AND i.indexprs IS NULL
          AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = i.indrelid AND NOT a.attnotnull
                            AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]))
        ORDER BY i.indnkeyatts, pg_relation_size(i.indexrelid), c.relname LIMIT 1) AS usable ON true
      WHERE needs_identity AND relkind = 'r' AND relreplident <> 'f' AND pg_get_replica_identity_index(leaf.oid) IS NULL
      UNION ALL
      SELECT format('partitioned table %s has no replica identity of its own: an UPDATE or DELETE of its partitions would stop the slot; mend it with a primary key of it, or with REPLICA IDENTITY FULL of it and of each partition',
        oid::regclass)
      FROM relation JOIN pg_class AS root USING (oid) WHERE needs_identity AND via_root AND root.relkind = 'p' AND root.relreplident <> 'f'
        AND pg_get_replica_identity_index(oid) IS NULL
      UNION ALL
      SELECT format('partition %s logs other columns as the old key than its root %s has: its DELETE would stop the slot, or be lost; mend it with ALTER TABLE %s REPLICA IDENTITY %s',
        leaf.oid::regclass, root.oid::regclass, leaf.oid::regclass, CASE WHEN root.relreplident = 'f' THEN 'FULL' ELSE 'DEFAULT and the key of the root' END)
      FROM leaf JOIN pg_class AS root ON root.oid = leaf.root
      WHERE leaf.needs_identity AND leaf.via_root AND root.relkind = 'p' AND leaf.relkind = 'r' AND leaf.relreplident <> 'f'
        AND CASE WHEN root.relreplident = 'f' THEN true ELSE EXISTS (
          SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1])
          WHERE i.indexrelid = pg_get_replica_identity_index(root.oid) AND NOT EXISTS (
            SELECT FROM pg_index AS k JOIN pg_attribute AS b ON b.attrelid = k.indrelid AND b.attnum = ANY (k.indkey[0 : k.indnkeyatts - 1])
            WHERE k.indexrelid = pg_get_replica_identity_index(leaf.oid) AND b.attname = a.attname)) END
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' tables of the publisher are not what the plan was made for', DETAIL = found_lines, HINT = 'Mend them as the detail says, or sample and plan again.';
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
