-- 60_subscriber_subscriptions.sql: Creates and enables the subscriptions; the initial copy starts.
-- phase start, on the subscriber, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
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
INSERT INTO pgslotplan.plan (prefix, plan_sha256) VALUES ('pgsp', 'd4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0') ON CONFLICT DO NOTHING;
DO $pgslotplan$
DECLARE
  found_count bigint;
  found_lines text;
BEGIN
  SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20)
    INTO found_count, found_lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
      SELECT format('prefix %s belongs to plan %s', prefix, plan_sha256) FROM pgslotplan.plan
      WHERE prefix = 'pgsp' AND plan_sha256 <> 'd4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0'
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
        ('pgsp_page_views', 'pgsp_page_views', ARRAY['pgsp_page_views']::text[]),
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
        ('pgsp_email_messages', 'public', 'email_messages', false),
        ('pgsp_sessions', 'public', 'sessions', false),
        ('pgsp_page_views', 'public', 'page_views', false),
        ('pgsp_shared_1', 'public', 'countries', false),
        ('pgsp_shared_1', 'public', 'jobs', false),
        ('pgsp_shared_2', 'public', 'contact_lists', false),
        ('pgsp_shared_2', 'public', 'contact_tags', false),
        ('pgsp_shared_2', 'public', 'contacts', false),
        ('pgsp_shared_2', 'public', 'coupons', false),
        ('pgsp_shared_2', 'public', 'list_members', false),
        ('pgsp_shared_2', 'public', 'tags', false),
        ('pgsp_shared_3', 'public', 'accounts', false),
        ('pgsp_shared_3', 'public', 'api_keys', false),
        ('pgsp_shared_3', 'public', 'audit_log', false),
        ('pgsp_shared_3', 'public', 'campaign_variants', false),
        ('pgsp_shared_3', 'public', 'campaigns', false),
        ('pgsp_shared_3', 'public', 'comments', false),
        ('pgsp_shared_3', 'public', 'domains', false),
        ('pgsp_shared_3', 'public', 'feature_flags', false),
        ('pgsp_shared_3', 'public', 'files', false),
        ('pgsp_shared_3', 'public', 'imports', false),
        ('pgsp_shared_3', 'public', 'invoice_lines', false),
        ('pgsp_shared_3', 'public', 'invoices', false),
        ('pgsp_shared_3', 'public', 'memberships', false),
        ('pgsp_shared_3', 'public', 'notification_settings', false),
        ('pgsp_shared_3', 'public', 'notifications', false),
        ('pgsp_shared_3', 'public', 'oauth_tokens', false),
        ('pgsp_shared_3', 'public', 'payments', false),
        ('pgsp_shared_3', 'public', 'permissions', false),
        ('pgsp_shared_3', 'public', 'projects', false),
        ('pgsp_shared_3', 'public', 'refunds', false),
        ('pgsp_shared_3', 'public', 'role_permissions', false),
        ('pgsp_shared_3', 'public', 'roles', false),
        ('pgsp_shared_3', 'public', 'subscription_plans', false),
        ('pgsp_shared_3', 'public', 'subscriptions', false),
        ('pgsp_shared_3', 'public', 'suppressions', false),
        ('pgsp_shared_3', 'public', 'task_assignees', false),
        ('pgsp_shared_3', 'public', 'tasks', false),
        ('pgsp_shared_3', 'public', 'templates', false),
        ('pgsp_shared_3', 'public', 'users', false),
        ('pgsp_shared_4', 'public', 'webhook_deliveries', false),
        ('pgsp_shared_4', 'public', 'webhooks', false)) AS planned(subscription_name, schema_name, table_name, is_only))
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
    WHERE d.datname = current_database() AND s.subname = 'pgsp_page_views') AS subscription_3_is_missing
\gset
\if :subscription_3_is_missing
CREATE SUBSCRIPTION pgsp_page_views
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_page_views
    WITH (create_slot = false, slot_name = 'pgsp_page_views', copy_data = true, enabled = true, streaming = off);
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
    WHERE d.datname = current_database() AND s.subname = 'pgsp_page_views' AND NOT s.subenabled) AS subscription_3_is_disabled
\gset
\if :subscription_3_is_disabled
ALTER SUBSCRIPTION pgsp_page_views ENABLE;
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
