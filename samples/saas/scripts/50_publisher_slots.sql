-- 50_publisher_slots.sql: Creates the replication slots.
-- phase start, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
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
  IF current_database() <> 'saas' THEN
    RAISE EXCEPTION USING MESSAGE = format('the plan is for database %I, but this is database %I', 'saas', current_database()),
      HINT = 'Run this file in the planned database of the publisher.';
  END IF;
  -- a rehearsal runs against a clone, which may have an identifier of its own
  IF coalesce(current_setting('pgslotplan.rehearsal', true), '') <> 'on' AND has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
     AND (SELECT system_identifier::text FROM pg_control_system()) <> '7712766977824796349' THEN
    RAISE EXCEPTION USING MESSAGE = 'this is not the server that the plan was made for: its system identifier differs',
      HINT = 'This file is for the publisher.';
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
        ('pgsp_page_views', true, true, true, true, true),
        ('pgsp_shared_1', true, true, true, true, false),
        ('pgsp_shared_2', true, true, true, true, false),
        ('pgsp_shared_3', true, true, true, true, false),
        ('pgsp_shared_4', true, true, true, true, false)) AS planned(publication_name, inserts, updates, deletes, truncates, via_root)),
      planned AS (SELECT * FROM (VALUES
        ('pgsp_email_events', 'public', 'email_events', false, ARRAY[]::text[]),
        ('pgsp_email_messages', 'public', 'email_messages', false, ARRAY[]::text[]),
        ('pgsp_sessions', 'public', 'sessions', false, ARRAY[]::text[]),
        ('pgsp_page_views', 'public', 'page_views', false, ARRAY[]::text[]),
        ('pgsp_shared_1', 'public', 'countries', false, ARRAY[]::text[]),
        ('pgsp_shared_1', 'public', 'jobs', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'contact_lists', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'contact_tags', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'contacts', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'coupons', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'list_members', false, ARRAY[]::text[]),
        ('pgsp_shared_2', 'public', 'tags', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'accounts', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'api_keys', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'audit_log', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'campaign_variants', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'campaigns', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'comments', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'domains', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'feature_flags', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'files', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'imports', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoice_lines', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'invoices', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'memberships', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'notification_settings', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'notifications', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'oauth_tokens', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'payments', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'permissions', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'projects', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'refunds', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'role_permissions', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'roles', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'subscription_plans', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'subscriptions', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'suppressions', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'task_assignees', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'tasks', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'templates', false, ARRAY[]::text[]),
        ('pgsp_shared_3', 'public', 'users', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'webhook_deliveries', false, ARRAY[]::text[]),
        ('pgsp_shared_4', 'public', 'webhooks', false, ARRAY[]::text[])) AS planned(publication_name, schema_name, table_name, filtered, columns)),
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
        ('pgsp_page_views', 'pgsp_page_views', ARRAY['pgsp_page_views']::text[]),
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

SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'pgsp_page_views') AS slot_3_is_missing
\gset
\if :slot_3_is_missing
\o /dev/null
SELECT FROM pg_copy_logical_replication_slot('pgsp_email_events', 'pgsp_page_views', false, 'pgoutput');
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
