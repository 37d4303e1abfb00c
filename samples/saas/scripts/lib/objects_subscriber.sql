-- lib/objects_subscriber.sql: Writes which planned tables are not replicated by their subscription now.
-- phase verify, on the subscriber, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -v out="$OUT" -f lib/objects_subscriber.sql
-- Variable out (needed): the file to write

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\if :{?out}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable out is not set', HINT = 'Run psql with -v out="...": the file to write';
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

\o :out
COPY (SELECT 'subscriber', regexp_replace(line, '[[:cntrl:]]', '?', 'g'), NULL::text, NULL::text FROM (
      SELECT line FROM (WITH planned AS (SELECT * FROM (VALUES
        ('pgsp_email_events', 'public', 'email_events'),
        ('pgsp_email_messages', 'public', 'email_messages'),
        ('pgsp_sessions', 'public', 'sessions'),
        ('pgsp_page_views', 'public', 'page_views'),
        ('pgsp_shared_1', 'public', 'countries'),
        ('pgsp_shared_1', 'public', 'jobs'),
        ('pgsp_shared_2', 'public', 'contact_lists'),
        ('pgsp_shared_2', 'public', 'contact_tags'),
        ('pgsp_shared_2', 'public', 'contacts'),
        ('pgsp_shared_2', 'public', 'coupons'),
        ('pgsp_shared_2', 'public', 'list_members'),
        ('pgsp_shared_2', 'public', 'tags'),
        ('pgsp_shared_3', 'public', 'accounts'),
        ('pgsp_shared_3', 'public', 'api_keys'),
        ('pgsp_shared_3', 'public', 'audit_log'),
        ('pgsp_shared_3', 'public', 'campaign_variants'),
        ('pgsp_shared_3', 'public', 'campaigns'),
        ('pgsp_shared_3', 'public', 'comments'),
        ('pgsp_shared_3', 'public', 'domains'),
        ('pgsp_shared_3', 'public', 'feature_flags'),
        ('pgsp_shared_3', 'public', 'files'),
        ('pgsp_shared_3', 'public', 'imports'),
        ('pgsp_shared_3', 'public', 'invoice_lines'),
        ('pgsp_shared_3', 'public', 'invoices'),
        ('pgsp_shared_3', 'public', 'memberships'),
        ('pgsp_shared_3', 'public', 'notification_settings'),
        ('pgsp_shared_3', 'public', 'notifications'),
        ('pgsp_shared_3', 'public', 'oauth_tokens'),
        ('pgsp_shared_3', 'public', 'payments'),
        ('pgsp_shared_3', 'public', 'permissions'),
        ('pgsp_shared_3', 'public', 'projects'),
        ('pgsp_shared_3', 'public', 'refunds'),
        ('pgsp_shared_3', 'public', 'role_permissions'),
        ('pgsp_shared_3', 'public', 'roles'),
        ('pgsp_shared_3', 'public', 'subscription_plans'),
        ('pgsp_shared_3', 'public', 'subscriptions'),
        ('pgsp_shared_3', 'public', 'suppressions'),
        ('pgsp_shared_3', 'public', 'task_assignees'),
        ('pgsp_shared_3', 'public', 'tasks'),
        ('pgsp_shared_3', 'public', 'templates'),
        ('pgsp_shared_3', 'public', 'users'),
        ('pgsp_shared_4', 'public', 'webhook_deliveries'),
        ('pgsp_shared_4', 'public', 'webhooks')) AS planned(subscription_name, schema_name, table_name))
      SELECT format('table %I.%I of subscription %I: %s', planned.schema_name, planned.table_name, planned.subscription_name,
                    CASE r.srsubstate WHEN 'i' THEN 'not begun' WHEN 'd' THEN 'being copied' WHEN 'f' THEN 'copied'
                      WHEN 's' THEN 'synchronized' ELSE 'not subscribed' END)
      FROM planned
      LEFT JOIN (pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid AND s.subenabled
                 JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
                 JOIN pg_class AS c ON c.oid = r.srrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace)
        ON s.subname = planned.subscription_name AND n.nspname = planned.schema_name AND c.relname = planned.table_name
      WHERE r.srsubstate IS DISTINCT FROM 'r') AS pending(line)
    ) AS found(line) ORDER BY 2) TO STDOUT (FORMAT csv);
\o
