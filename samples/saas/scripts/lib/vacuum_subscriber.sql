-- lib/vacuum_subscriber.sql: Vacuums one job's share of the planned tables.
-- phase verify, on the subscriber, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -v jobs="$JOBS" -v job="$JOB" -f lib/vacuum_subscriber.sql
-- Variable jobs (needed): how many jobs there are
-- Variable job (needed): which of them this is, from 0

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\if :{?jobs}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable jobs is not set', HINT = 'Run psql with -v jobs="...": how many jobs there are';
END
$pgslotplan$;
\endif
\if :{?job}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable job is not set', HINT = 'Run psql with -v job="...": which of them this is, from 0';
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

SET statement_timeout = 0;
SET lock_timeout = '60s';
-- large tables first, so that none is alone at the end; among equals the ones with most changes last, so that their
-- statistics are fresh. Partitioned tables stand for their partitions.
SELECT format('VACUUM (ANALYZE) %I.%I', schema_name, table_name) FROM (
    SELECT schema_name, table_name, row_number() OVER (ORDER BY width_bucket(ln(1 + bytes), 0, 40, 20) DESC, changes, schema_name, table_name) AS place
    FROM (
        SELECT p.schema_name, p.table_name,
               sum(pg_total_relation_size(t.oid)) AS bytes,
               coalesce(sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del), 0) AS changes
        FROM (SELECT DISTINCT schema_name, table_name FROM (VALUES
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
        ('pgsp_shared_4', 'public', 'webhooks')) AS planned(subscription_name, schema_name, table_name)) AS p
        JOIN pg_namespace AS n ON n.nspname = p.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
        JOIN LATERAL (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid)) AS t(oid) ON true
        LEFT JOIN pg_stat_user_tables AS s ON s.relid = t.oid
        GROUP BY p.schema_name, p.table_name) AS sized
    ) AS placed
WHERE place % :'jobs'::integer = :'job'::integer ORDER BY place
\gexec
