-- 76_subscriber_reverse_prepare.sql: Creates the publications of the way back; no slot yet.
-- phase cutover, on the subscriber, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 76_subscriber_reverse_prepare.sql
-- Undo: 90_subscriber_cleanup.sql drops them.

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
DECLARE
  found_mark boolean := false;
BEGIN
  IF to_regclass('pgslotplan.plan') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pgslotplan.plan WHERE prefix = $1 AND plan_sha256 = $2)'
      INTO found_mark USING 'pgsp', 'ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd';
  END IF;
  IF NOT found_mark THEN
    RAISE EXCEPTION USING MESSAGE = 'this database does not subscribe to this plan',
      HINT = 'Run this file in the planned database of the subscriber, after the files before it.';
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
      SELECT format('%s is %s, but must be at least %s', name, setting, wanted)
      FROM (VALUES ('max_replication_slots', 8 + (SELECT count(*) FROM pg_replication_slots)),
                   ('max_wal_senders', 8 + (SELECT count(*) FROM pg_stat_replication))) AS needs(setting_name, wanted)
      JOIN pg_settings ON name = setting_name WHERE setting::bigint < wanted
      UNION ALL SELECT format('wal_level is %s, but must be logical', setting) FROM pg_settings WHERE name = 'wal_level' AND setting <> 'logical'
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' settings of the subscriber are too small for the way back', DETAIL = found_lines, HINT = 'Raise them and restart the subscriber before the cutover.';
  END IF;
END
$pgslotplan$;

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_1') AS reverse_0_is_missing
\gset
\if :reverse_0_is_missing
CREATE PUBLICATION pgsp_rev_1 FOR TABLE
    public.email_events
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_2') AS reverse_1_is_missing
\gset
\if :reverse_1_is_missing
CREATE PUBLICATION pgsp_rev_2 FOR TABLE
    public.email_message_parts,
    public.email_messages
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_3') AS reverse_2_is_missing
\gset
\if :reverse_2_is_missing
CREATE PUBLICATION pgsp_rev_3 FOR TABLE
    public.sessions
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_4') AS reverse_3_is_missing
\gset
\if :reverse_3_is_missing
CREATE PUBLICATION pgsp_rev_4 FOR TABLE
    public.contact_activities
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_5') AS reverse_4_is_missing
\gset
\if :reverse_4_is_missing
CREATE PUBLICATION pgsp_rev_5 FOR TABLE
    public.page_views
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_6') AS reverse_5_is_missing
\gset
\if :reverse_5_is_missing
CREATE PUBLICATION pgsp_rev_6 FOR TABLE
    public.account_addresses,
    public.account_addresses_2,
    public.account_comments,
    public.account_comments_2,
    ONLY public.account_events,
    public.account_events_2,
    public.account_events_3,
    public.account_files,
    public.account_files_2,
    public.account_history,
    public.account_history_2,
    public.account_history_3,
    ONLY public.account_items,
    public.account_items_2,
    public.account_items_3,
    public.account_jobs,
    public.account_jobs_2,
    public.account_limits,
    public.account_limits_2,
    public.account_links,
    public.account_links_2,
    public.account_logs_2,
    public.account_members,
    public.account_members_2,
    public.account_notes,
    public.account_notes_2,
    public.account_notes_3,
    public.account_rules,
    public.account_rules_2,
    ONLY public.account_settings,
    public.account_settings_2,
    public.account_settings_3,
    public.account_sources,
    public.account_sources_2,
    public.account_stats,
    public.account_steps,
    public.account_steps_2,
    ONLY public.account_tags,
    public.account_tags_2,
    public.account_tags_3,
    public.account_tokens,
    public.account_tokens_2,
    public.account_versions,
    public.account_versions_2,
    public.accounts,
    public.asset2_events,
    public.asset2s,
    public.campaign2_events,
    public.campaign2_items,
    public.campaign2s,
    public.campaign3_events,
    public.campaign3s,
    public.contact2_events,
    public.contact2_items,
    public.contact2s,
    public.order_addresses,
    public.order_comments,
    public.order_events,
    public.order_files,
    public.order_history,
    public.order_items,
    public.order_jobs,
    public.order_limits,
    public.order_links,
    public.order_logs,
    public.order_members,
    public.order_notes,
    public.order_rules,
    public.order_settings,
    public.order_stats,
    public.order_steps,
    public.order_tags,
    public.order_tokens,
    public.order_versions,
    public.orders,
    public.product2_events,
    public.product2_items,
    public.product2s,
    public.product3_events,
    public.product3s,
    public.report2_events,
    public.report2s,
    public.webhook_events,
    public.webhook_items,
    public.webhook_settings,
    public.webhook_tags,
    public.webhooks
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_7') AS reverse_6_is_missing
\gset
\if :reverse_6_is_missing
CREATE PUBLICATION pgsp_rev_7 FOR TABLE
    public.account2_events,
    public.account2_items,
    public.account2s,
    public.account3_events,
    public.account3s,
    public.account_logs,
    public.account_stats_2,
    public.booking_events,
    public.booking_items,
    public.booking_settings,
    public.bookings,
    public.contact3_events,
    public.contact3s,
    public.contact_comments,
    public.contact_events,
    public.contact_files,
    public.contact_history,
    public.contact_items,
    public.contact_jobs,
    public.contact_links,
    public.contact_members,
    public.contact_notes,
    public.contact_settings,
    public.contact_stats,
    public.contact_tags,
    public.contact_versions,
    public.contacts,
    public.course_events,
    public.course_items,
    public.course_settings,
    public.course_tags,
    public.courses,
    public.device_events,
    public.device_items,
    public.device_settings,
    public.device_tags,
    public.devices,
    public.invoice2_events,
    public.invoice2_items,
    public.invoice2s,
    public.invoice3_events,
    public.invoice3s,
    public.invoice_comments,
    public.invoice_events,
    public.invoice_files,
    public.invoice_history,
    public.invoice_items,
    public.invoice_jobs,
    public.invoice_links,
    public.invoice_members,
    public.invoice_notes,
    public.invoice_rules,
    public.invoice_settings,
    public.invoice_stats,
    public.invoice_tags,
    public.invoice_tokens,
    public.invoice_versions,
    public.invoices,
    public.listing_events,
    public.listing_items,
    public.listing_settings,
    public.listings,
    public.message2_events,
    public.message2_items,
    public.message2s,
    public.message3_events,
    public.message3s,
    public.message_events,
    public.message_files,
    public.message_history,
    public.message_items,
    public.message_members,
    public.message_notes,
    public.message_settings,
    public.message_tags,
    public.messages,
    public.order2_events,
    public.order2_items,
    public.order2s,
    public.payment2_events,
    public.payment2_items,
    public.payment2s,
    public.report_events,
    public.report_items,
    public.report_notes,
    public.report_settings,
    public.report_tags,
    public.reports,
    public.sensor2_events,
    public.sensor2s,
    public.session_events,
    public.session_items,
    public.session_settings,
    public.shipment3_events,
    public.shipment3s,
    public.survey2_events,
    public.survey2s,
    public.survey_events,
    public.survey_items,
    public.survey_settings,
    public.surveys,
    public.ticket3_events,
    public.ticket3s,
    public.webhook2_events,
    public.webhook2s
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_8') AS reverse_7_is_missing
\gset
\if :reverse_7_is_missing
CREATE PUBLICATION pgsp_rev_8 FOR TABLE
    public.asset_events,
    public.asset_items,
    public.asset_notes,
    public.asset_settings,
    public.asset_tags,
    public.assets,
    public.booking2_events,
    public.booking2s,
    public.campaign_events,
    public.campaign_files,
    public.campaign_history,
    public.campaign_items,
    public.campaign_jobs,
    public.campaign_links,
    public.campaign_members,
    public.campaign_notes,
    public.campaign_settings,
    public.campaign_stats,
    public.campaign_tags,
    public.campaigns,
    public.course2_events,
    public.course2s,
    public.device2_events,
    public.device2s,
    public.listing2_events,
    public.listing2s,
    public.order3_events,
    public.order3s,
    public.patient2_events,
    public.patient2s,
    public.patient_events,
    public.patient_items,
    public.patients,
    public.payment3_events,
    public.payment3s,
    public.payment_events,
    public.payment_history,
    public.payment_items,
    public.payment_notes,
    public.payment_settings,
    public.payment_tags,
    public.payments,
    public.policy2_events,
    public.policy2s,
    public.policy_events,
    public.policy_items,
    public.policy_settings,
    public.policys,
    public.product_events,
    public.product_files,
    public.product_history,
    public.product_items,
    public.product_notes,
    public.product_settings,
    public.product_tags,
    public.products,
    public.project2_events,
    public.project2s,
    public.project_events,
    public.project_items,
    public.project_notes,
    public.project_settings,
    public.project_tags,
    public.projects,
    public.sensor_events,
    public.sensor_items,
    public.sensors,
    public.session2_events,
    public.session2s,
    public.session_tags,
    public.shipment2_events,
    public.shipment2s,
    public.shipment_events,
    public.shipment_items,
    public.shipment_notes,
    public.shipment_settings,
    public.shipment_tags,
    public.shipments,
    public.ticket2_events,
    public.ticket2_items,
    public.ticket2s,
    public.ticket_events,
    public.ticket_files,
    public.ticket_history,
    public.ticket_items,
    public.ticket_members,
    public.ticket_notes,
    public.ticket_settings,
    public.ticket_tags,
    public.tickets,
    public.vehicle2_events,
    public.vehicle2s,
    public.vehicle_events,
    public.vehicle_items,
    public.vehicles
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);
\endif
