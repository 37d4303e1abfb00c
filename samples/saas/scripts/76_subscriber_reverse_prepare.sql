-- 76_subscriber_reverse_prepare.sql: Creates the publications of the way back; no slot yet.
-- phase cutover, on the subscriber, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
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

DO $pgslotplan$
DECLARE
  found_mark boolean := false;
BEGIN
  IF to_regclass('pgslotplan.plan') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pgslotplan.plan WHERE prefix = $1 AND plan_sha256 = $2)'
      INTO found_mark USING 'pgsp', 'd4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0';
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
    public.page_views
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_5') AS reverse_4_is_missing
\gset
\if :reverse_4_is_missing
CREATE PUBLICATION pgsp_rev_5 FOR TABLE
    public.countries,
    public.jobs
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_6') AS reverse_5_is_missing
\gset
\if :reverse_5_is_missing
CREATE PUBLICATION pgsp_rev_6 FOR TABLE
    public.contact_lists,
    public.contact_tags,
    public.contacts,
    public.coupons,
    public.list_members,
    public.tags
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_7') AS reverse_6_is_missing
\gset
\if :reverse_6_is_missing
CREATE PUBLICATION pgsp_rev_7 FOR TABLE
    public.accounts,
    public.api_keys,
    public.audit_log,
    public.campaign_variants,
    public.campaigns,
    public.comments,
    public.domains,
    public.feature_flags,
    public.files,
    public.imports,
    public.invoice_lines,
    public.invoices,
    public.memberships,
    public.notification_settings,
    public.notifications,
    public.oauth_tokens,
    public.payments,
    public.permissions,
    public.projects,
    public.refunds,
    public.role_permissions,
    public.roles,
    public.subscription_plans,
    public.subscriptions,
    public.suppressions,
    public.task_assignees,
    public.tasks,
    public.templates,
    public.users
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_8') AS reverse_7_is_missing
\gset
\if :reverse_7_is_missing
CREATE PUBLICATION pgsp_rev_8 FOR TABLE
    public.webhook_deliveries,
    public.webhooks
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif
