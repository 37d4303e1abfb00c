#!/bin/sh
# 73_shell_foreign_keys.sh: Makes the foreign keys that do not join two slots, and triggers, rules, policies and statistics.
# phase indexes, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
# Run: sh 73_shell_foreign_keys.sh
# Environment PGSLOTPLAN_PUBLISHER (needed): connection string of the publisher's database
# Environment PGSLOTPLAN_SUBSCRIBER (needed): connection string of the subscriber's database
# Environment PGSLOTPLAN_BIN (optional): folder of pg_dump, pg_restore and psql, of the subscriber's major version; PATH when not given
# Hazard: Each foreign key reads its table once and holds up its slot meanwhile. A trigger that is enabled ALWAYS or REPLICA on the publisher fires for replicated rows from now on: disable it if it must not.
# Undo: Drop them.
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

for program in psql pg_dump pg_restore awk; do
  command -v "$program" >/dev/null || die "$program is not there" 'Set PGSLOTPLAN_BIN to the folder that holds it.'
done

major=$(pg_dump --version | sed 's/^.*(PostgreSQL) \([0-9][0-9]*\).*$/\1/')
if [ "$major" -lt 13 ]; then
  die "pg_dump is of version $major, but the publisher of version 13" 'Set PGSLOTPLAN_BIN to the programs of the subscriber.'
fi
if [ "$major" -ne 15 ]; then
  say "note: pg_dump is of version $major, the subscriber of version 15"
fi

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

publisher <<'PGSLOTPLAN_SQL'
DO $pgslotplan$
DECLARE
  found_count bigint;
  found_lines text;
BEGIN
  SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20)
    INTO found_count, found_lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
      WITH listed AS (SELECT c.oid, p.slot_number, p.truncates
        FROM (SELECT * FROM (VALUES
        ('public', 'email_events', 0, true),
        ('public', 'email_message_parts', 1, true),
        ('public', 'email_messages', 1, true),
        ('public', 'sessions', 2, true),
        ('public', 'contact_activities', 3, true),
        ('public', 'page_views', 4, true),
        ('public', 'account_addresses', 5, true),
        ('public', 'account_addresses_2', 5, true),
        ('public', 'account_comments', 5, true),
        ('public', 'account_comments_2', 5, true),
        ('public', 'account_events', 5, true),
        ('public', 'account_events_2', 5, true),
        ('public', 'account_events_3', 5, true),
        ('public', 'account_files', 5, true),
        ('public', 'account_files_2', 5, true),
        ('public', 'account_history', 5, true),
        ('public', 'account_history_2', 5, true),
        ('public', 'account_history_3', 5, true),
        ('public', 'account_items', 5, true),
        ('public', 'account_items_2', 5, true),
        ('public', 'account_items_3', 5, true),
        ('public', 'account_jobs', 5, true),
        ('public', 'account_jobs_2', 5, true),
        ('public', 'account_limits', 5, true),
        ('public', 'account_limits_2', 5, true),
        ('public', 'account_links', 5, true),
        ('public', 'account_links_2', 5, true),
        ('public', 'account_logs_2', 5, true),
        ('public', 'account_members', 5, true),
        ('public', 'account_members_2', 5, true),
        ('public', 'account_notes', 5, true),
        ('public', 'account_notes_2', 5, true),
        ('public', 'account_notes_3', 5, true),
        ('public', 'account_rules', 5, true),
        ('public', 'account_rules_2', 5, true),
        ('public', 'account_settings', 5, true),
        ('public', 'account_settings_2', 5, true),
        ('public', 'account_settings_3', 5, true),
        ('public', 'account_sources', 5, true),
        ('public', 'account_sources_2', 5, true),
        ('public', 'account_stats', 5, true),
        ('public', 'account_steps', 5, true),
        ('public', 'account_steps_2', 5, true),
        ('public', 'account_tags', 5, true),
        ('public', 'account_tags_2', 5, true),
        ('public', 'account_tags_3', 5, true),
        ('public', 'account_tokens', 5, true),
        ('public', 'account_tokens_2', 5, true),
        ('public', 'account_versions', 5, true),
        ('public', 'account_versions_2', 5, true),
        ('public', 'accounts', 5, true),
        ('public', 'asset2_events', 5, true),
        ('public', 'asset2s', 5, true),
        ('public', 'campaign2_events', 5, true),
        ('public', 'campaign2_items', 5, true),
        ('public', 'campaign2s', 5, true),
        ('public', 'campaign3_events', 5, true),
        ('public', 'campaign3s', 5, true),
        ('public', 'contact2_events', 5, true),
        ('public', 'contact2_items', 5, true),
        ('public', 'contact2s', 5, true),
        ('public', 'order_addresses', 5, true),
        ('public', 'order_comments', 5, true),
        ('public', 'order_events', 5, true),
        ('public', 'order_files', 5, true),
        ('public', 'order_history', 5, true),
        ('public', 'order_items', 5, true),
        ('public', 'order_jobs', 5, true),
        ('public', 'order_limits', 5, true),
        ('public', 'order_links', 5, true),
        ('public', 'order_logs', 5, true),
        ('public', 'order_members', 5, true),
        ('public', 'order_notes', 5, true),
        ('public', 'order_rules', 5, true),
        ('public', 'order_settings', 5, true),
        ('public', 'order_stats', 5, true),
        ('public', 'order_steps', 5, true),
        ('public', 'order_tags', 5, true),
        ('public', 'order_tokens', 5, true),
        ('public', 'order_versions', 5, true),
        ('public', 'orders', 5, true),
        ('public', 'product2_events', 5, true),
        ('public', 'product2_items', 5, true),
        ('public', 'product2s', 5, true),
        ('public', 'product3_events', 5, true),
        ('public', 'product3s', 5, true),
        ('public', 'report2_events', 5, true),
        ('public', 'report2s', 5, true),
        ('public', 'webhook_events', 5, true),
        ('public', 'webhook_items', 5, true),
        ('public', 'webhook_settings', 5, true),
        ('public', 'webhook_tags', 5, true),
        ('public', 'webhooks', 5, true),
        ('public', 'account2_events', 6, true),
        ('public', 'account2_items', 6, true),
        ('public', 'account2s', 6, true),
        ('public', 'account3_events', 6, true),
        ('public', 'account3s', 6, true),
        ('public', 'account_logs', 6, true),
        ('public', 'account_stats_2', 6, true),
        ('public', 'booking_events', 6, true),
        ('public', 'booking_items', 6, true),
        ('public', 'booking_settings', 6, true),
        ('public', 'bookings', 6, true),
        ('public', 'contact3_events', 6, true),
        ('public', 'contact3s', 6, true),
        ('public', 'contact_comments', 6, true),
        ('public', 'contact_events', 6, true),
        ('public', 'contact_files', 6, true),
        ('public', 'contact_history', 6, true),
        ('public', 'contact_items', 6, true),
        ('public', 'contact_jobs', 6, true),
        ('public', 'contact_links', 6, true),
        ('public', 'contact_members', 6, true),
        ('public', 'contact_notes', 6, true),
        ('public', 'contact_settings', 6, true),
        ('public', 'contact_stats', 6, true),
        ('public', 'contact_tags', 6, true),
        ('public', 'contact_versions', 6, true),
        ('public', 'contacts', 6, true),
        ('public', 'course_events', 6, true),
        ('public', 'course_items', 6, true),
        ('public', 'course_settings', 6, true),
        ('public', 'course_tags', 6, true),
        ('public', 'courses', 6, true),
        ('public', 'device_events', 6, true),
        ('public', 'device_items', 6, true),
        ('public', 'device_settings', 6, true),
        ('public', 'device_tags', 6, true),
        ('public', 'devices', 6, true),
        ('public', 'invoice2_events', 6, true),
        ('public', 'invoice2_items', 6, true),
        ('public', 'invoice2s', 6, true),
        ('public', 'invoice3_events', 6, true),
        ('public', 'invoice3s', 6, true),
        ('public', 'invoice_comments', 6, true),
        ('public', 'invoice_events', 6, true),
        ('public', 'invoice_files', 6, true),
        ('public', 'invoice_history', 6, true),
        ('public', 'invoice_items', 6, true),
        ('public', 'invoice_jobs', 6, true),
        ('public', 'invoice_links', 6, true),
        ('public', 'invoice_members', 6, true),
        ('public', 'invoice_notes', 6, true),
        ('public', 'invoice_rules', 6, true),
        ('public', 'invoice_settings', 6, true),
        ('public', 'invoice_stats', 6, true),
        ('public', 'invoice_tags', 6, true),
        ('public', 'invoice_tokens', 6, true),
        ('public', 'invoice_versions', 6, true),
        ('public', 'invoices', 6, true),
        ('public', 'listing_events', 6, true),
        ('public', 'listing_items', 6, true),
        ('public', 'listing_settings', 6, true),
        ('public', 'listings', 6, true),
        ('public', 'message2_events', 6, true),
        ('public', 'message2_items', 6, true),
        ('public', 'message2s', 6, true),
        ('public', 'message3_events', 6, true),
        ('public', 'message3s', 6, true),
        ('public', 'message_events', 6, true),
        ('public', 'message_files', 6, true),
        ('public', 'message_history', 6, true),
        ('public', 'message_items', 6, true),
        ('public', 'message_members', 6, true),
        ('public', 'message_notes', 6, true),
        ('public', 'message_settings', 6, true),
        ('public', 'message_tags', 6, true),
        ('public', 'messages', 6, true),
        ('public', 'order2_events', 6, true),
        ('public', 'order2_items', 6, true),
        ('public', 'order2s', 6, true),
        ('public', 'payment2_events', 6, true),
        ('public', 'payment2_items', 6, true),
        ('public', 'payment2s', 6, true),
        ('public', 'report_events', 6, true),
        ('public', 'report_items', 6, true),
        ('public', 'report_notes', 6, true),
        ('public', 'report_settings', 6, true),
        ('public', 'report_tags', 6, true),
        ('public', 'reports', 6, true),
        ('public', 'sensor2_events', 6, true),
        ('public', 'sensor2s', 6, true),
        ('public', 'session_events', 6, true),
        ('public', 'session_items', 6, true),
        ('public', 'session_settings', 6, true),
        ('public', 'shipment3_events', 6, true),
        ('public', 'shipment3_events_p001', 6, true),
        ('public', 'shipment3_events_p002', 6, true),
        ('public', 'shipment3_events_p003', 6, true),
        ('public', 'shipment3_events_p004', 6, true),
        ('public', 'shipment3_events_p005', 6, true),
        ('public', 'shipment3_events_p006', 6, true),
        ('public', 'shipment3_events_p007', 6, true),
        ('public', 'shipment3_events_p008', 6, true),
        ('public', 'shipment3_events_p009', 6, true),
        ('public', 'shipment3_events_p010', 6, true),
        ('public', 'shipment3_events_p011', 6, true),
        ('public', 'shipment3_events_p012', 6, true),
        ('public', 'shipment3_events_p013', 6, true),
        ('public', 'shipment3_events_p014', 6, true),
        ('public', 'shipment3_events_p015', 6, true),
        ('public', 'shipment3_events_p016', 6, true),
        ('public', 'shipment3_events_p017', 6, true),
        ('public', 'shipment3_events_p018', 6, true),
        ('public', 'shipment3_events_p019', 6, true),
        ('public', 'shipment3_events_p020', 6, true),
        ('public', 'shipment3_events_p021', 6, true),
        ('public', 'shipment3_events_p022', 6, true),
        ('public', 'shipment3_events_p023', 6, true),
        ('public', 'shipment3_events_p024', 6, true),
        ('public', 'shipment3s', 6, true),
        ('public', 'survey2_events', 6, true),
        ('public', 'survey2s', 6, true),
        ('public', 'survey_events', 6, true),
        ('public', 'survey_items', 6, true),
        ('public', 'survey_settings', 6, true),
        ('public', 'surveys', 6, true),
        ('public', 'ticket3_events', 6, true),
        ('public', 'ticket3s', 6, true),
        ('public', 'webhook2_events', 6, true),
        ('public', 'webhook2s', 6, true),
        ('public', 'asset_events', 7, true),
        ('public', 'asset_items', 7, true),
        ('public', 'asset_notes', 7, true),
        ('public', 'asset_settings', 7, true),
        ('public', 'asset_tags', 7, true),
        ('public', 'assets', 7, true),
        ('public', 'booking2_events', 7, true),
        ('public', 'booking2s', 7, true),
        ('public', 'campaign_events', 7, true),
        ('public', 'campaign_files', 7, true),
        ('public', 'campaign_history', 7, true),
        ('public', 'campaign_items', 7, true),
        ('public', 'campaign_jobs', 7, true),
        ('public', 'campaign_links', 7, true),
        ('public', 'campaign_members', 7, true),
        ('public', 'campaign_notes', 7, true),
        ('public', 'campaign_settings', 7, true),
        ('public', 'campaign_stats', 7, true),
        ('public', 'campaign_tags', 7, true),
        ('public', 'campaigns', 7, true),
        ('public', 'course2_events', 7, true),
        ('public', 'course2s', 7, true),
        ('public', 'device2_events', 7, true),
        ('public', 'device2s', 7, true),
        ('public', 'listing2_events', 7, true),
        ('public', 'listing2s', 7, true),
        ('public', 'order3_events', 7, true),
        ('public', 'order3s', 7, true),
        ('public', 'patient2_events', 7, true),
        ('public', 'patient2s', 7, true),
        ('public', 'patient_events', 7, true),
        ('public', 'patient_items', 7, true),
        ('public', 'patient_items_p001', 7, true),
        ('public', 'patient_items_p002', 7, true),
        ('public', 'patient_items_p003', 7, true),
        ('public', 'patient_items_p004', 7, true),
        ('public', 'patient_items_p005', 7, true),
        ('public', 'patient_items_p006', 7, true),
        ('public', 'patient_items_p007', 7, true),
        ('public', 'patient_items_p008', 7, true),
        ('public', 'patient_items_p009', 7, true),
        ('public', 'patient_items_p010', 7, true),
        ('public', 'patient_items_p011', 7, true),
        ('public', 'patient_items_p012', 7, true),
        ('public', 'patient_items_p013', 7, true),
        ('public', 'patient_items_p014', 7, true),
        ('public', 'patient_items_p015', 7, true),
        ('public', 'patient_items_p016', 7, true),
        ('public', 'patient_items_p017', 7, true),
        ('public', 'patient_items_p018', 7, true),
        ('public', 'patient_items_p019', 7, true),
        ('public', 'patient_items_p020', 7, true),
        ('public', 'patient_items_p021', 7, true),
        ('public', 'patient_items_p022', 7, true),
        ('public', 'patient_items_p023', 7, true),
        ('public', 'patient_items_p024', 7, true),
        ('public', 'patients', 7, true),
        ('public', 'payment3_events', 7, true),
        ('public', 'payment3s', 7, true),
        ('public', 'payment_events', 7, true),
        ('public', 'payment_history', 7, true),
        ('public', 'payment_items', 7, true),
        ('public', 'payment_notes', 7, true),
        ('public', 'payment_settings', 7, true),
        ('public', 'payment_tags', 7, true),
        ('public', 'payments', 7, true),
        ('public', 'policy2_events', 7, true),
        ('public', 'policy2s', 7, true),
        ('public', 'policy_events', 7, true),
        ('public', 'policy_items', 7, true),
        ('public', 'policy_settings', 7, true),
        ('public', 'policys', 7, true),
        ('public', 'product_events', 7, true),
        ('public', 'product_files', 7, true),
        ('public', 'product_history', 7, true),
        ('public', 'product_items', 7, true),
        ('public', 'product_notes', 7, true),
        ('public', 'product_settings', 7, true),
        ('public', 'product_tags', 7, true),
        ('public', 'products', 7, true),
        ('public', 'project2_events', 7, true),
        ('public', 'project2s', 7, true),
        ('public', 'project_events', 7, true),
        ('public', 'project_items', 7, true),
        ('public', 'project_notes', 7, true),
        ('public', 'project_settings', 7, true),
        ('public', 'project_tags', 7, true),
        ('public', 'projects', 7, true),
        ('public', 'sensor_events', 7, true),
        ('public', 'sensor_items', 7, true),
        ('public', 'sensors', 7, true),
        ('public', 'session2_events', 7, true),
        ('public', 'session2s', 7, true),
        ('public', 'session_tags', 7, true),
        ('public', 'shipment2_events', 7, true),
        ('public', 'shipment2s', 7, true),
        ('public', 'shipment_events', 7, true),
        ('public', 'shipment_items', 7, true),
        ('public', 'shipment_notes', 7, true),
        ('public', 'shipment_settings', 7, true),
        ('public', 'shipment_tags', 7, true),
        ('public', 'shipments', 7, true),
        ('public', 'ticket2_events', 7, true),
        ('public', 'ticket2_items', 7, true),
        ('public', 'ticket2s', 7, true),
        ('public', 'ticket_events', 7, true),
        ('public', 'ticket_files', 7, true),
        ('public', 'ticket_files_h00', 7, true),
        ('public', 'ticket_files_h01', 7, true),
        ('public', 'ticket_files_h02', 7, true),
        ('public', 'ticket_files_h03', 7, true),
        ('public', 'ticket_files_h04', 7, true),
        ('public', 'ticket_files_h05', 7, true),
        ('public', 'ticket_files_h06', 7, true),
        ('public', 'ticket_files_h07', 7, true),
        ('public', 'ticket_files_h08', 7, true),
        ('public', 'ticket_files_h09', 7, true),
        ('public', 'ticket_files_h10', 7, true),
        ('public', 'ticket_files_h11', 7, true),
        ('public', 'ticket_files_h12', 7, true),
        ('public', 'ticket_files_h13', 7, true),
        ('public', 'ticket_files_h14', 7, true),
        ('public', 'ticket_files_h15', 7, true),
        ('public', 'ticket_files_h16', 7, true),
        ('public', 'ticket_files_h17', 7, true),
        ('public', 'ticket_files_h18', 7, true),
        ('public', 'ticket_files_h19', 7, true),
        ('public', 'ticket_files_h20', 7, true),
        ('public', 'ticket_files_h21', 7, true),
        ('public', 'ticket_files_h22', 7, true),
        ('public', 'ticket_files_h23', 7, true),
        ('public', 'ticket_history', 7, true),
        ('public', 'ticket_items', 7, true),
        ('public', 'ticket_members', 7, true),
        ('public', 'ticket_notes', 7, true),
        ('public', 'ticket_settings', 7, true),
        ('public', 'ticket_tags', 7, true),
        ('public', 'tickets', 7, true),
        ('public', 'vehicle2_events', 7, true),
        ('public', 'vehicle2s', 7, true),
        ('public', 'vehicle_events', 7, true),
        ('public', 'vehicle_items', 7, true),
        ('public', 'vehicles', 7, true)) AS planned(schema_name, table_name, slot_number, truncates)) AS p
        JOIN pg_namespace AS n ON n.nspname = p.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name),
      planned AS (SELECT * FROM listed UNION SELECT a.relid, slot_number, truncates FROM listed CROSS JOIN LATERAL pg_partition_ancestors(oid) AS a)
      SELECT DISTINCT format('foreign key %I of table %s references table %s', k.conname, k.conrelid::regclass, k.confrelid::regclass)
      FROM pg_constraint AS k
      JOIN planned AS referenced ON referenced.oid = k.confrelid AND referenced.truncates
      WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid <> k.confrelid
        AND (NOT EXISTS (SELECT FROM planned AS r WHERE r.oid = k.conrelid AND r.slot_number = referenced.slot_number)
             OR EXISTS (SELECT FROM planned AS r WHERE r.oid = k.conrelid AND r.slot_number <> referenced.slot_number))
        AND NOT EXISTS (SELECT FROM (VALUES
        ('public', 'account_logs', 'account_logs_account_id_fkey'),
        ('public', 'contact_activities', 'contact_activities_account2_events_fkey'),
        ('public', 'email_events', 'email_events_email_messages_fkey'),
        ('public', 'policys', 'policys_session_id_fkey'),
        ('public', 'session_events', 'session_events_session_id_fkey'),
        ('public', 'session_items', 'session_items_session_id_fkey'),
        ('public', 'session_tags', 'session_tags_session_id_fkey')) AS cut(schema_name, table_name, constraint_name)
          JOIN pg_namespace AS n ON n.nspname = cut.schema_name
          WHERE cut.constraint_name = k.conname
            AND (SELECT relname FROM pg_class WHERE oid = k.conrelid AND relnamespace = n.oid) = cut.table_name)
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' foreign keys of the publisher join two slots, and the plan does not know them', DETAIL = found_lines, HINT = 'A replicated TRUNCATE of the referenced table would stop its slot for ever. Drop them, or sample and plan again.';
  END IF;
END
$pgslotplan$;
PGSLOTPLAN_SQL

PGOPTIONS='-c statement_timeout=0 -c lock_timeout=60s' \
  pg_dump -d "$PGSLOTPLAN_PUBLISHER" -Fc --schema-only --no-publications --no-subscriptions -N pgslotplan -f "$work/schema.dump"
publisher > "$work/kinds" <<'PGSLOTPLAN_SQL'
WITH key AS (
  SELECT i.indexrelid FROM pg_index AS i WHERE i.indisprimary OR i.indisreplident
  UNION SELECT conindid FROM pg_constraint WHERE contype = 'f'
  UNION SELECT i.indexrelid FROM (SELECT NULL::text, NULL::text WHERE false) AS planned(schema_name, table_name) JOIN pg_namespace AS n ON n.nspname = planned.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisunique
)
SELECT 2606, k.oid, CASE WHEN k.conindid IN (SELECT indexrelid FROM key) THEN 'keys' ELSE 'indexes' END, pg_relation_size(k.conindid)
FROM pg_constraint AS k WHERE k.contype IN ('p', 'u', 'x') AND k.conindid <> 0
UNION ALL
SELECT 1259, i.indexrelid, CASE WHEN i.indexrelid IN (SELECT indexrelid FROM key) THEN 'keys' ELSE 'indexes' END, pg_relation_size(i.indexrelid)
FROM pg_index AS i
UNION ALL
SELECT 2606, k.oid, CASE WHEN EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = k.conrelid
    AND (n.nspname, c.relname, k.conname) IN (
    ('public', 'account_logs', 'account_logs_account_id_fkey'),
    ('public', 'contact_activities', 'contact_activities_account2_events_fkey'),
    ('public', 'email_events', 'email_events_email_messages_fkey'),
    ('public', 'policys', 'policys_session_id_fkey'),
    ('public', 'session_events', 'session_events_session_id_fkey'),
    ('public', 'session_items', 'session_items_session_id_fkey'),
    ('public', 'session_tags', 'session_tags_session_id_fkey'))) THEN 'cut' ELSE 'foreign' END, 0
FROM pg_constraint AS k WHERE k.contype = 'f' AND k.conparentid = 0
UNION ALL
SELECT 2620, g.oid, 'cut', 0 FROM pg_trigger AS g WHERE g.tgname = 'pgsp_refuse_truncate' AND NOT g.tgisinternal;
PGSLOTPLAN_SQL
publisher > "$work/attached" <<'PGSLOTPLAN_SQL'
WITH RECURSIVE key AS (
  SELECT i.indexrelid FROM pg_index AS i WHERE i.indisprimary OR i.indisreplident
  UNION SELECT conindid FROM pg_constraint WHERE contype = 'f'
  UNION SELECT h.inhrelid FROM pg_inherits AS h JOIN key ON key.indexrelid = h.inhparent
)
SELECT translate(format('INDEX ATTACH %s %s %s', n.nspname, c.relname, r.rolname), E'\n\r', '  ')
FROM pg_class AS c JOIN key ON key.indexrelid = c.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_roles AS r ON r.oid = c.relowner
WHERE c.relispartition AND c.relkind IN ('i', 'I');
PGSLOTPLAN_SQL
pg_restore -l --section=post-data "$work/schema.dump" > "$work/post.list"
for kind in keys attach_keys early indexes attach_indexes foreign cut rest; do : > "$work/$kind.list"; done
# a comment follows its object at once and belongs to it
awk -v folder="$work" '
FILENAME == ARGV[1] { split($0, part, "|"); kinds[part[1] " " part[2]] = part[3]; sizes[part[1] " " part[2]] = part[4]; next }
FILENAME == ARGV[2] { attached[$0] = 1; next }
/^;/ || /^$/ { next }
{
  text = $0; sub(/^[0-9]+; [0-9]+ [0-9]+ /, "", text)
  entry = $2 " " $3
  if (text ~ /^INDEX ATTACH /) kind = (text in attached) ? "attach_keys" : "attach_indexes"
  else if ($2 == 0 && text ~ /^(COMMENT|ACL|SECURITY LABEL) /) kind = last
  else { kind = (entry in kinds) ? kinds[entry] : "rest"; group++; size = (entry in sizes) ? sizes[entry] : 0 }
  last = kind
  print $0 > (folder "/" kind ".list")
  if (kind == "indexes") printf "%s|%d|%s\n", size, group, $0 > (folder "/sized")
}' "$work/kinds" "$work/attached" "$work/post.list"

# Runs a file and takes "already exists" for done; any other error ends the step when the file is through.
apply() {
  {
    printf '%s\n' '\set ON_ERROR_STOP off' '\set VERBOSITY verbose' 'SET check_function_bodies = off;'
    grep -v '^SET transaction_timeout' "$1" || :
  } > "$1.run"
  psql -X -q -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f "$work/subscriber.sql" -f "$1.run" > /dev/null 2> "$1.errors" || {
      status=$?; cat "$1.errors" >&2; exit "$status"; }
  grep -E ':[0-9]+: [^ ]+:  [0-9A-Z]{5}: ' "$1.errors" |
    grep -v -E ':[0-9]+: [^ ]+:  (0[01]...|42P07|42710|42723|42P06|42701|42P16|42809|55000): ' > "$1.refused" || :
  if [ -s "$1.refused" ]; then
    sed -n 1,20p "$1.refused" >&2
    die 'the subscriber refused statements of the schema' 'Mend the cause and run this step again: what is there stays.'
  fi
}
restore() {
  [ -s "$work/$1.list" ] || return 0
  pg_restore -L "$work/$1.list" -f "$work/$1.sql" "$work/schema.dump"
  apply "$work/$1.sql"
}

restore foreign
restore rest

publisher > "$work/comments.sql" <<'PGSLOTPLAN_SQL'
SELECT format('UPDATE pgslotplan.dropped_foreign_key SET description = %L WHERE prefix = %L AND schema_name = %L AND table_name = %L AND constraint_name = %L AND description IS NULL;',
  obj_description(k.oid, 'pg_constraint'), 'pgsp', n.nspname, c.relname, k.conname)
FROM (VALUES
        ('public', 'account_logs', 'account_logs_account_id_fkey'),
        ('public', 'contact_activities', 'contact_activities_account2_events_fkey'),
        ('public', 'email_events', 'email_events_email_messages_fkey'),
        ('public', 'policys', 'policys_session_id_fkey'),
        ('public', 'session_events', 'session_events_session_id_fkey'),
        ('public', 'session_items', 'session_items_session_id_fkey'),
        ('public', 'session_tags', 'session_tags_session_id_fkey')) AS cut(schema_name, table_name, constraint_name) JOIN pg_namespace AS n ON n.nspname = cut.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = cut.table_name
JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.conname = cut.constraint_name AND obj_description(k.oid, 'pg_constraint') IS NOT NULL;
PGSLOTPLAN_SQL
subscriber < "$work/comments.sql"
