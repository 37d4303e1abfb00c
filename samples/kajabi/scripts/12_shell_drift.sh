#!/bin/sh
# 12_shell_drift.sh: Compares columns and keys of the planned tables on both servers. Changes nothing.
# phase schema, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
# Run: sh 12_shell_drift.sh
# Environment PGSLOTPLAN_PUBLISHER (needed): connection string of the publisher's database
# Environment PGSLOTPLAN_SUBSCRIBER (needed): connection string of the subscriber's database
# Environment PGSLOTPLAN_ACCEPT_DRIFT (optional): 1 when the differences were read and are accepted: they are shown, and the exit code is 0
set -eu
umask 077
say() { printf '%s\n' "$*" >&2; }
die() {
  say "${0##*/}: error: $1"
  [ -z "${2-}" ] || say "hint: $2"
  exit 3
}
PATH="${PGSLOTPLAN_BIN:+$PGSLOTPLAN_BIN:}$PATH"
export PGAPPNAME=pgslotplan PGCLIENTENCODING=UTF8 LC_ALL=C
work=$(mktemp -d "${TMPDIR:-/tmp}/pgslotplan.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
[ -n "${PGSLOTPLAN_PUBLISHER-}" ] || die 'PGSLOTPLAN_PUBLISHER is not set' 'Set it to the connection string of the publisher'\''s database.'
[ -n "${PGSLOTPLAN_SUBSCRIBER-}" ] || die 'PGSLOTPLAN_SUBSCRIBER is not set' 'Set it to the connection string of the subscriber'\''s database.'

for program in psql comm sort; do
  command -v "$program" >/dev/null || die "$program is not there" 'Set PGSLOTPLAN_BIN to the folder that holds it.'
done

cat > "$work/publisher.sql" <<'PGSLOTPLAN_SQL'
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
PGSLOTPLAN_SQL
cat > "$work/subscriber.sql" <<'PGSLOTPLAN_SQL'
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
PGSLOTPLAN_SQL
publisher() {
  psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" "$@" -f "$work/publisher.sql" -f -
}
subscriber() {
  psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" "$@" -f "$work/subscriber.sql" -f -
}
publisher </dev/null
subscriber </dev/null

cat > "$work/facts.sql" <<'PGSLOTPLAN_SQL'
WITH t AS (
        SELECT DISTINCT c.oid, c.relkind, n.nspname AS schema_name, c.relname AS table_name, format('%I.%I', n.nspname, c.relname) AS name
        FROM (VALUES
        ('pgsp_email_events', 'public', 'email_events'),
        ('pgsp_email_messages', 'public', 'email_message_parts'),
        ('pgsp_email_messages', 'public', 'email_messages'),
        ('pgsp_sessions', 'public', 'sessions'),
        ('pgsp_contact_activities', 'public', 'contact_activities'),
        ('pgsp_shared_1', 'public', 'page_views'),
        ('pgsp_shared_2', 'public', 'account_addresses'),
        ('pgsp_shared_2', 'public', 'account_addresses_2'),
        ('pgsp_shared_2', 'public', 'account_comments'),
        ('pgsp_shared_2', 'public', 'account_comments_2'),
        ('pgsp_shared_2', 'public', 'account_events'),
        ('pgsp_shared_2', 'public', 'account_events_2'),
        ('pgsp_shared_2', 'public', 'account_events_3'),
        ('pgsp_shared_2', 'public', 'account_files'),
        ('pgsp_shared_2', 'public', 'account_files_2'),
        ('pgsp_shared_2', 'public', 'account_history'),
        ('pgsp_shared_2', 'public', 'account_history_2'),
        ('pgsp_shared_2', 'public', 'account_history_3'),
        ('pgsp_shared_2', 'public', 'account_items'),
        ('pgsp_shared_2', 'public', 'account_items_2'),
        ('pgsp_shared_2', 'public', 'account_items_3'),
        ('pgsp_shared_2', 'public', 'account_jobs'),
        ('pgsp_shared_2', 'public', 'account_jobs_2'),
        ('pgsp_shared_2', 'public', 'account_limits'),
        ('pgsp_shared_2', 'public', 'account_limits_2'),
        ('pgsp_shared_2', 'public', 'account_links'),
        ('pgsp_shared_2', 'public', 'account_links_2'),
        ('pgsp_shared_2', 'public', 'account_logs_2'),
        ('pgsp_shared_2', 'public', 'account_members'),
        ('pgsp_shared_2', 'public', 'account_members_2'),
        ('pgsp_shared_2', 'public', 'account_notes'),
        ('pgsp_shared_2', 'public', 'account_notes_2'),
        ('pgsp_shared_2', 'public', 'account_notes_3'),
        ('pgsp_shared_2', 'public', 'account_rules'),
        ('pgsp_shared_2', 'public', 'account_rules_2'),
        ('pgsp_shared_2', 'public', 'account_settings'),
        ('pgsp_shared_2', 'public', 'account_settings_2'),
        ('pgsp_shared_2', 'public', 'account_settings_3'),
        ('pgsp_shared_2', 'public', 'account_sources'),
        ('pgsp_shared_2', 'public', 'account_sources_2'),
        ('pgsp_shared_2', 'public', 'account_stats'),
        ('pgsp_shared_2', 'public', 'account_steps'),
        ('pgsp_shared_2', 'public', 'account_steps_2'),
        ('pgsp_shared_2', 'public', 'account_tags'),
        ('pgsp_shared_2', 'public', 'account_tags_2'),
        ('pgsp_shared_2', 'public', 'account_tags_3'),
        ('pgsp_shared_2', 'public', 'account_tokens'),
        ('pgsp_shared_2', 'public', 'account_tokens_2'),
        ('pgsp_shared_2', 'public', 'account_versions'),
        ('pgsp_shared_2', 'public', 'account_versions_2'),
        ('pgsp_shared_2', 'public', 'accounts'),
        ('pgsp_shared_2', 'public', 'asset2_events'),
        ('pgsp_shared_2', 'public', 'asset2s'),
        ('pgsp_shared_2', 'public', 'campaign2_events'),
        ('pgsp_shared_2', 'public', 'campaign2_items'),
        ('pgsp_shared_2', 'public', 'campaign2s'),
        ('pgsp_shared_2', 'public', 'campaign3_events'),
        ('pgsp_shared_2', 'public', 'campaign3s'),
        ('pgsp_shared_2', 'public', 'contact2_events'),
        ('pgsp_shared_2', 'public', 'contact2_items'),
        ('pgsp_shared_2', 'public', 'contact2s'),
        ('pgsp_shared_2', 'public', 'order_addresses'),
        ('pgsp_shared_2', 'public', 'order_comments'),
        ('pgsp_shared_2', 'public', 'order_events'),
        ('pgsp_shared_2', 'public', 'order_files'),
        ('pgsp_shared_2', 'public', 'order_history'),
        ('pgsp_shared_2', 'public', 'order_items'),
        ('pgsp_shared_2', 'public', 'order_jobs'),
        ('pgsp_shared_2', 'public', 'order_limits'),
        ('pgsp_shared_2', 'public', 'order_links'),
        ('pgsp_shared_2', 'public', 'order_logs'),
        ('pgsp_shared_2', 'public', 'order_members'),
        ('pgsp_shared_2', 'public', 'order_notes'),
        ('pgsp_shared_2', 'public', 'order_rules'),
        ('pgsp_shared_2', 'public', 'order_settings'),
        ('pgsp_shared_2', 'public', 'order_stats'),
        ('pgsp_shared_2', 'public', 'order_steps'),
        ('pgsp_shared_2', 'public', 'order_tags'),
        ('pgsp_shared_2', 'public', 'order_tokens'),
        ('pgsp_shared_2', 'public', 'order_versions'),
        ('pgsp_shared_2', 'public', 'orders'),
        ('pgsp_shared_2', 'public', 'product2_events'),
        ('pgsp_shared_2', 'public', 'product2_items'),
        ('pgsp_shared_2', 'public', 'product2s'),
        ('pgsp_shared_2', 'public', 'product3_events'),
        ('pgsp_shared_2', 'public', 'product3s'),
        ('pgsp_shared_2', 'public', 'report2_events'),
        ('pgsp_shared_2', 'public', 'report2s'),
        ('pgsp_shared_2', 'public', 'webhook_events'),
        ('pgsp_shared_2', 'public', 'webhook_items'),
        ('pgsp_shared_2', 'public', 'webhook_settings'),
        ('pgsp_shared_2', 'public', 'webhook_tags'),
        ('pgsp_shared_2', 'public', 'webhooks'),
        ('pgsp_shared_3', 'public', 'account2_events'),
        ('pgsp_shared_3', 'public', 'account2_items'),
        ('pgsp_shared_3', 'public', 'account2s'),
        ('pgsp_shared_3', 'public', 'account3_events'),
        ('pgsp_shared_3', 'public', 'account3s'),
        ('pgsp_shared_3', 'public', 'account_logs'),
        ('pgsp_shared_3', 'public', 'account_stats_2'),
        ('pgsp_shared_3', 'public', 'booking_events'),
        ('pgsp_shared_3', 'public', 'booking_items'),
        ('pgsp_shared_3', 'public', 'booking_settings'),
        ('pgsp_shared_3', 'public', 'bookings'),
        ('pgsp_shared_3', 'public', 'contact3_events'),
        ('pgsp_shared_3', 'public', 'contact3s'),
        ('pgsp_shared_3', 'public', 'contact_comments'),
        ('pgsp_shared_3', 'public', 'contact_events'),
        ('pgsp_shared_3', 'public', 'contact_files'),
        ('pgsp_shared_3', 'public', 'contact_history'),
        ('pgsp_shared_3', 'public', 'contact_items'),
        ('pgsp_shared_3', 'public', 'contact_jobs'),
        ('pgsp_shared_3', 'public', 'contact_links'),
        ('pgsp_shared_3', 'public', 'contact_members'),
        ('pgsp_shared_3', 'public', 'contact_notes'),
        ('pgsp_shared_3', 'public', 'contact_settings'),
        ('pgsp_shared_3', 'public', 'contact_stats'),
        ('pgsp_shared_3', 'public', 'contact_tags'),
        ('pgsp_shared_3', 'public', 'contact_versions'),
        ('pgsp_shared_3', 'public', 'contacts'),
        ('pgsp_shared_3', 'public', 'course_events'),
        ('pgsp_shared_3', 'public', 'course_items'),
        ('pgsp_shared_3', 'public', 'course_settings'),
        ('pgsp_shared_3', 'public', 'course_tags'),
        ('pgsp_shared_3', 'public', 'courses'),
        ('pgsp_shared_3', 'public', 'device_events'),
        ('pgsp_shared_3', 'public', 'device_items'),
        ('pgsp_shared_3', 'public', 'device_settings'),
        ('pgsp_shared_3', 'public', 'device_tags'),
        ('pgsp_shared_3', 'public', 'devices'),
        ('pgsp_shared_3', 'public', 'invoice2_events'),
        ('pgsp_shared_3', 'public', 'invoice2_items'),
        ('pgsp_shared_3', 'public', 'invoice2s'),
        ('pgsp_shared_3', 'public', 'invoice3_events'),
        ('pgsp_shared_3', 'public', 'invoice3s'),
        ('pgsp_shared_3', 'public', 'invoice_comments'),
        ('pgsp_shared_3', 'public', 'invoice_events'),
        ('pgsp_shared_3', 'public', 'invoice_files'),
        ('pgsp_shared_3', 'public', 'invoice_history'),
        ('pgsp_shared_3', 'public', 'invoice_items'),
        ('pgsp_shared_3', 'public', 'invoice_jobs'),
        ('pgsp_shared_3', 'public', 'invoice_links'),
        ('pgsp_shared_3', 'public', 'invoice_members'),
        ('pgsp_shared_3', 'public', 'invoice_notes'),
        ('pgsp_shared_3', 'public', 'invoice_rules'),
        ('pgsp_shared_3', 'public', 'invoice_settings'),
        ('pgsp_shared_3', 'public', 'invoice_stats'),
        ('pgsp_shared_3', 'public', 'invoice_tags'),
        ('pgsp_shared_3', 'public', 'invoice_tokens'),
        ('pgsp_shared_3', 'public', 'invoice_versions'),
        ('pgsp_shared_3', 'public', 'invoices'),
        ('pgsp_shared_3', 'public', 'listing_events'),
        ('pgsp_shared_3', 'public', 'listing_items'),
        ('pgsp_shared_3', 'public', 'listing_settings'),
        ('pgsp_shared_3', 'public', 'listings'),
        ('pgsp_shared_3', 'public', 'message2_events'),
        ('pgsp_shared_3', 'public', 'message2_items'),
        ('pgsp_shared_3', 'public', 'message2s'),
        ('pgsp_shared_3', 'public', 'message3_events'),
        ('pgsp_shared_3', 'public', 'message3s'),
        ('pgsp_shared_3', 'public', 'message_events'),
        ('pgsp_shared_3', 'public', 'message_files'),
        ('pgsp_shared_3', 'public', 'message_history'),
        ('pgsp_shared_3', 'public', 'message_items'),
        ('pgsp_shared_3', 'public', 'message_members'),
        ('pgsp_shared_3', 'public', 'message_notes'),
        ('pgsp_shared_3', 'public', 'message_settings'),
        ('pgsp_shared_3', 'public', 'message_tags'),
        ('pgsp_shared_3', 'public', 'messages'),
        ('pgsp_shared_3', 'public', 'order2_events'),
        ('pgsp_shared_3', 'public', 'order2_items'),
        ('pgsp_shared_3', 'public', 'order2s'),
        ('pgsp_shared_3', 'public', 'payment2_events'),
        ('pgsp_shared_3', 'public', 'payment2_items'),
        ('pgsp_shared_3', 'public', 'payment2s'),
        ('pgsp_shared_3', 'public', 'report_events'),
        ('pgsp_shared_3', 'public', 'report_items'),
        ('pgsp_shared_3', 'public', 'report_notes'),
        ('pgsp_shared_3', 'public', 'report_settings'),
        ('pgsp_shared_3', 'public', 'report_tags'),
        ('pgsp_shared_3', 'public', 'reports'),
        ('pgsp_shared_3', 'public', 'sensor2_events'),
        ('pgsp_shared_3', 'public', 'sensor2s'),
        ('pgsp_shared_3', 'public', 'session_events'),
        ('pgsp_shared_3', 'public', 'session_items'),
        ('pgsp_shared_3', 'public', 'session_settings'),
        ('pgsp_shared_3', 'public', 'shipment3_events'),
        ('pgsp_shared_3', 'public', 'shipment3s'),
        ('pgsp_shared_3', 'public', 'survey2_events'),
        ('pgsp_shared_3', 'public', 'survey2s'),
        ('pgsp_shared_3', 'public', 'survey_events'),
        ('pgsp_shared_3', 'public', 'survey_items'),
        ('pgsp_shared_3', 'public', 'survey_settings'),
        ('pgsp_shared_3', 'public', 'surveys'),
        ('pgsp_shared_3', 'public', 'ticket3_events'),
        ('pgsp_shared_3', 'public', 'ticket3s'),
        ('pgsp_shared_3', 'public', 'webhook2_events'),
        ('pgsp_shared_3', 'public', 'webhook2s'),
        ('pgsp_shared_4', 'public', 'asset_events'),
        ('pgsp_shared_4', 'public', 'asset_items'),
        ('pgsp_shared_4', 'public', 'asset_notes'),
        ('pgsp_shared_4', 'public', 'asset_settings'),
        ('pgsp_shared_4', 'public', 'asset_tags'),
        ('pgsp_shared_4', 'public', 'assets'),
        ('pgsp_shared_4', 'public', 'booking2_events'),
        ('pgsp_shared_4', 'public', 'booking2s'),
        ('pgsp_shared_4', 'public', 'campaign_events'),
        ('pgsp_shared_4', 'public', 'campaign_files'),
        ('pgsp_shared_4', 'public', 'campaign_history'),
        ('pgsp_shared_4', 'public', 'campaign_items'),
        ('pgsp_shared_4', 'public', 'campaign_jobs'),
        ('pgsp_shared_4', 'public', 'campaign_links'),
        ('pgsp_shared_4', 'public', 'campaign_members'),
        ('pgsp_shared_4', 'public', 'campaign_notes'),
        ('pgsp_shared_4', 'public', 'campaign_settings'),
        ('pgsp_shared_4', 'public', 'campaign_stats'),
        ('pgsp_shared_4', 'public', 'campaign_tags'),
        ('pgsp_shared_4', 'public', 'campaigns'),
        ('pgsp_shared_4', 'public', 'course2_events'),
        ('pgsp_shared_4', 'public', 'course2s'),
        ('pgsp_shared_4', 'public', 'device2_events'),
        ('pgsp_shared_4', 'public', 'device2s'),
        ('pgsp_shared_4', 'public', 'listing2_events'),
        ('pgsp_shared_4', 'public', 'listing2s'),
        ('pgsp_shared_4', 'public', 'order3_events'),
        ('pgsp_shared_4', 'public', 'order3s'),
        ('pgsp_shared_4', 'public', 'patient2_events'),
        ('pgsp_shared_4', 'public', 'patient2s'),
        ('pgsp_shared_4', 'public', 'patient_events'),
        ('pgsp_shared_4', 'public', 'patient_items'),
        ('pgsp_shared_4', 'public', 'patients'),
        ('pgsp_shared_4', 'public', 'payment3_events'),
        ('pgsp_shared_4', 'public', 'payment3s'),
        ('pgsp_shared_4', 'public', 'payment_events'),
        ('pgsp_shared_4', 'public', 'payment_history'),
        ('pgsp_shared_4', 'public', 'payment_items'),
        ('pgsp_shared_4', 'public', 'payment_notes'),
        ('pgsp_shared_4', 'public', 'payment_settings'),
        ('pgsp_shared_4', 'public', 'payment_tags'),
        ('pgsp_shared_4', 'public', 'payments'),
        ('pgsp_shared_4', 'public', 'policy2_events'),
        ('pgsp_shared_4', 'public', 'policy2s'),
        ('pgsp_shared_4', 'public', 'policy_events'),
        ('pgsp_shared_4', 'public', 'policy_items'),
        ('pgsp_shared_4', 'public', 'policy_settings'),
        ('pgsp_shared_4', 'public', 'policys'),
        ('pgsp_shared_4', 'public', 'product_events'),
        ('pgsp_shared_4', 'public', 'product_files'),
        ('pgsp_shared_4', 'public', 'product_history'),
        ('pgsp_shared_4', 'public', 'product_items'),
        ('pgsp_shared_4', 'public', 'product_notes'),
        ('pgsp_shared_4', 'public', 'product_settings'),
        ('pgsp_shared_4', 'public', 'product_tags'),
        ('pgsp_shared_4', 'public', 'products'),
        ('pgsp_shared_4', 'public', 'project2_events'),
        ('pgsp_shared_4', 'public', 'project2s'),
        ('pgsp_shared_4', 'public', 'project_events'),
        ('pgsp_shared_4', 'public', 'project_items'),
        ('pgsp_shared_4', 'public', 'project_notes'),
        ('pgsp_shared_4', 'public', 'project_settings'),
        ('pgsp_shared_4', 'public', 'project_tags'),
        ('pgsp_shared_4', 'public', 'projects'),
        ('pgsp_shared_4', 'public', 'sensor_events'),
        ('pgsp_shared_4', 'public', 'sensor_items'),
        ('pgsp_shared_4', 'public', 'sensors'),
        ('pgsp_shared_4', 'public', 'session2_events'),
        ('pgsp_shared_4', 'public', 'session2s'),
        ('pgsp_shared_4', 'public', 'session_tags'),
        ('pgsp_shared_4', 'public', 'shipment2_events'),
        ('pgsp_shared_4', 'public', 'shipment2s'),
        ('pgsp_shared_4', 'public', 'shipment_events'),
        ('pgsp_shared_4', 'public', 'shipment_items'),
        ('pgsp_shared_4', 'public', 'shipment_notes'),
        ('pgsp_shared_4', 'public', 'shipment_settings'),
        ('pgsp_shared_4', 'public', 'shipment_tags'),
        ('pgsp_shared_4', 'public', 'shipments'),
        ('pgsp_shared_4', 'public', 'ticket2_events'),
        ('pgsp_shared_4', 'public', 'ticket2_items'),
        ('pgsp_shared_4', 'public', 'ticket2s'),
        ('pgsp_shared_4', 'public', 'ticket_events'),
        ('pgsp_shared_4', 'public', 'ticket_files'),
        ('pgsp_shared_4', 'public', 'ticket_history'),
        ('pgsp_shared_4', 'public', 'ticket_items'),
        ('pgsp_shared_4', 'public', 'ticket_members'),
        ('pgsp_shared_4', 'public', 'ticket_notes'),
        ('pgsp_shared_4', 'public', 'ticket_settings'),
        ('pgsp_shared_4', 'public', 'ticket_tags'),
        ('pgsp_shared_4', 'public', 'tickets'),
        ('pgsp_shared_4', 'public', 'vehicle2_events'),
        ('pgsp_shared_4', 'public', 'vehicle2s'),
        ('pgsp_shared_4', 'public', 'vehicle_events'),
        ('pgsp_shared_4', 'public', 'vehicle_items'),
        ('pgsp_shared_4', 'public', 'vehicles')) AS planned(subscription_name, schema_name, table_name)
        JOIN pg_namespace AS n ON n.nspname = planned.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name)
        SELECT translate(fact, E'\n\r', '  ') FROM (SELECT format('column %s.%I: %s%s%s%s', t.name, a.attname, format_type(a.atttypid, a.atttypmod),
          CASE WHEN a.attnotnull THEN ' not null' END, CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity' END,
          CASE WHEN a.attgenerated <> '' THEN ' generated ' || pg_get_expr(d.adbin, d.adrelid) END)
        FROM t JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        UNION ALL SELECT format('table %s: %s', t.name, CASE t.relkind WHEN 'p' THEN 'partitioned' WHEN 'r' THEN 'ordinary' ELSE 'of kind ' || t.relkind::text END) FROM t
        UNION ALL SELECT format('primary key %s: %s', t.name, pg_get_constraintdef(k.oid)) FROM t JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'p') AS facts(fact);
PGSLOTPLAN_SQL
publisher < "$work/facts.sql" > "$work/there"
subscriber < "$work/facts.sql" > "$work/here"
sort "$work/there" > "$work/publisher"
sort "$work/here" > "$work/subscriber_facts"
comm -23 "$work/publisher" "$work/subscriber_facts" | sed 's/^/publisher:  /' > "$work/differences"
comm -13 "$work/publisher" "$work/subscriber_facts" | sed 's/^/subscriber: /' >> "$work/differences"
[ -s "$work/publisher" ] || die 'the publisher has none of the planned tables'
if [ -s "$work/differences" ]; then
  sort -k2 "$work/differences"
  [ "${PGSLOTPLAN_ACCEPT_DRIFT-}" = 1 ] ||
    die 'the schemas differ' 'Each line stands on one server only. Mend the subscriber, or accept them with PGSLOTPLAN_ACCEPT_DRIFT=1.'
fi
