-- 11_subscriber_check.sql: Looks whether the subscriber can take what the plan sends. Changes nothing.
-- phase schema, on the subscriber, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 11_subscriber_check.sql

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
  found_count bigint;
  found_lines text;
BEGIN
  SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20)
    INTO found_count, found_lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
      SELECT format('max_sync_workers_per_subscription is %s, but the plan counts with 2',
                    current_setting('max_sync_workers_per_subscription'))
      WHERE current_setting('max_sync_workers_per_subscription')::integer > 2
      UNION ALL
      SELECT format('max_logical_replication_workers is %s, but must be at least %s: %s for others, 20 are needed',
                    current_setting('max_logical_replication_workers'), others + 20, others)
      FROM (SELECT count(*) FROM pg_subscription AS s WHERE s.subenabled
              AND NOT EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_page_views', 'pgsp_page_views', ARRAY['pgsp_page_views']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) WHERE planned.subscription_name = s.subname)) AS used(others)
      WHERE current_setting('max_logical_replication_workers')::integer < others + 20
      UNION ALL
      SELECT format('max_worker_processes is %s, but must be at least %s: one more than max_logical_replication_workers',
                    current_setting('max_worker_processes'), current_setting('max_logical_replication_workers')::integer + 1)
      WHERE current_setting('max_worker_processes')::integer <= current_setting('max_logical_replication_workers')::integer
      UNION ALL
      SELECT format('max_replication_slots is %s, but must be at least %s: %s for others, 20 are needed, 2 are spare',
                    current_setting('max_replication_slots'), others + 22, others)
      FROM (SELECT count(*) FROM pg_subscription AS s
             WHERE NOT EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_page_views', 'pgsp_page_views', ARRAY['pgsp_page_views']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) WHERE planned.subscription_name = s.subname)) AS used(others)
      WHERE current_setting('max_replication_slots')::integer < others + 22
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' settings of the subscriber are too small', DETAIL = found_lines, HINT = 'Raise them and restart the subscriber; RUNBOOK.md has the numbers.';
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
      WITH planned AS (SELECT * FROM (VALUES
        ('pgsp_email_events', 'public', 'email_events', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_email_messages', 'public', 'email_messages', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_sessions', 'public', 'sessions', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_page_views', 'public', 'page_views', false, true, ARRAY['day', 'id']::text[], ARRAY['day', 'id']::text[]),
        ('pgsp_shared_1', 'public', 'countries', false, true, ARRAY['code']::text[], ARRAY['code']::text[]),
        ('pgsp_shared_1', 'public', 'jobs', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_2', 'public', 'contact_lists', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_2', 'public', 'contact_tags', false, true, ARRAY['contact_id', 'tag_id']::text[], ARRAY['contact_id', 'tag_id']::text[]),
        ('pgsp_shared_2', 'public', 'contacts', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_2', 'public', 'coupons', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_2', 'public', 'list_members', false, true, ARRAY['contact_id', 'list_id']::text[], ARRAY['list_id', 'contact_id']::text[]),
        ('pgsp_shared_2', 'public', 'tags', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'accounts', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'api_keys', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'audit_log', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'campaign_variants', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'campaigns', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'comments', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'domains', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'feature_flags', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'files', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'imports', false, true, ARRAY['code']::text[], ARRAY['code']::text[]),
        ('pgsp_shared_3', 'public', 'invoice_lines', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'invoices', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'memberships', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'notification_settings', false, true, ARRAY['user_id']::text[], ARRAY['user_id']::text[]),
        ('pgsp_shared_3', 'public', 'notifications', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'oauth_tokens', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'payments', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'permissions', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'projects', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'refunds', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'role_permissions', false, true, ARRAY['permission_id', 'role_id']::text[], ARRAY['role_id', 'permission_id']::text[]),
        ('pgsp_shared_3', 'public', 'roles', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'subscription_plans', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'subscriptions', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'suppressions', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'task_assignees', false, true, ARRAY['task_id', 'user_id']::text[], ARRAY['task_id', 'user_id']::text[]),
        ('pgsp_shared_3', 'public', 'tasks', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'templates', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_3', 'public', 'users', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_4', 'public', 'webhook_deliveries', false, true, ARRAY['id']::text[], ARRAY['id']::text[]),
        ('pgsp_shared_4', 'public', 'webhooks', false, true, ARRAY['id']::text[], ARRAY['id']::text[])) AS planned(subscription_name, schema_name, table_name, is_only, needs_identity, columns, identity_columns)),
      relation AS (
        SELECT planned.*, c.oid, c.relkind, c.relpersistence
        FROM planned LEFT JOIN (pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace)
        ON n.nspname = planned.schema_name AND c.relname = planned.table_name
      ),
      leaf AS (
        SELECT r.needs_identity, r.identity_columns, l.oid, l.relreplident, i.indexrelid, i.indrelid, i.indkey, i.indnkeyatts
        FROM relation AS r
        JOIN LATERAL (SELECT r.oid WHERE r.relkind = 'r'
                      UNION ALL SELECT t.relid FROM pg_partition_tree(r.oid) AS t WHERE r.relkind = 'p' AND t.isleaf) AS t(oid) ON true
        JOIN pg_class AS l ON l.oid = t.oid
        LEFT JOIN pg_index AS i ON i.indrelid = l.oid
          AND CASE WHEN pg_get_replica_identity_index(l.oid) IS NULL THEN i.indisprimary
                   ELSE i.indexrelid = pg_get_replica_identity_index(l.oid) END
      )
      SELECT format('table %I.%I does not exist', schema_name, table_name) FROM relation WHERE oid IS NULL
      UNION ALL
      SELECT format('relation %I.%I is not a table that a subscription can write into', schema_name, table_name)
      FROM relation WHERE relkind NOT IN ('r', 'p') OR relpersistence = 't'
      UNION ALL
      SELECT format('table %I.%I has no column %I', r.schema_name, r.table_name, wanted)
      FROM relation AS r CROSS JOIN LATERAL unnest(r.columns) AS wanted
      WHERE r.oid IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute AS a
        WHERE a.attrelid = r.oid AND a.attname = wanted AND a.attnum > 0 AND NOT a.attisdropped)
      UNION ALL
      SELECT format('table %s has neither a primary key nor a replica identity index', oid::regclass)
      FROM leaf WHERE needs_identity AND indexrelid IS NULL
      UNION ALL
      SELECT format('column %I is in the key of table %s, but not in its replica identity on the publisher', a.attname, l.oid::regclass)
      FROM leaf AS l JOIN pg_attribute AS a ON a.attrelid = l.oid AND a.attnum = ANY (l.indkey[0 : l.indnkeyatts - 1])
      WHERE l.needs_identity AND cardinality(l.identity_columns) > 0 AND a.attname::text <> ALL (l.identity_columns)
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' tables of the subscriber cannot take what the plan sends', DETAIL = found_lines, HINT = 'Bring the publisher''s schema there first: pg_dump --schema-only, at least tables and primary keys.';
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
        ('public', 'email_messages', 1, true),
        ('public', 'sessions', 2, true),
        ('public', 'page_views', 3, true),
        ('public', 'page_views_1', 3, true),
        ('public', 'page_views_2', 3, true),
        ('public', 'page_views_3', 3, true),
        ('public', 'countries', 4, true),
        ('public', 'jobs', 4, true),
        ('public', 'contact_lists', 5, true),
        ('public', 'contact_tags', 5, true),
        ('public', 'contacts', 5, true),
        ('public', 'coupons', 5, true),
        ('public', 'list_members', 5, true),
        ('public', 'tags', 5, true),
        ('public', 'accounts', 6, true),
        ('public', 'api_keys', 6, true),
        ('public', 'audit_log', 6, true),
        ('public', 'campaign_variants', 6, true),
        ('public', 'campaigns', 6, true),
        ('public', 'comments', 6, true),
        ('public', 'domains', 6, true),
        ('public', 'feature_flags', 6, true),
        ('public', 'files', 6, true),
        ('public', 'imports', 6, true),
        ('public', 'invoice_lines', 6, true),
        ('public', 'invoices', 6, true),
        ('public', 'memberships', 6, true),
        ('public', 'notification_settings', 6, true),
        ('public', 'notifications', 6, true),
        ('public', 'oauth_tokens', 6, true),
        ('public', 'payments', 6, true),
        ('public', 'permissions', 6, true),
        ('public', 'projects', 6, true),
        ('public', 'refunds', 6, true),
        ('public', 'role_permissions', 6, true),
        ('public', 'roles', 6, true),
        ('public', 'subscription_plans', 6, true),
        ('public', 'subscriptions', 6, true),
        ('public', 'suppressions', 6, true),
        ('public', 'task_assignees', 6, true),
        ('public', 'tasks', 6, true),
        ('public', 'templates', 6, true),
        ('public', 'users', 6, true),
        ('public', 'webhook_deliveries', 7, true),
        ('public', 'webhooks', 7, true)) AS planned(schema_name, table_name, slot_number, truncates)) AS p
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
        ('public', 'contact_lists', 'contact_lists_account_id_fkey'),
        ('public', 'contacts', 'contacts_account_id_fkey'),
        ('public', 'email_events', 'email_events_message_id_fkey'),
        ('public', 'email_messages', 'email_messages_campaign_id_fkey'),
        ('public', 'email_messages', 'email_messages_contact_id_fkey'),
        ('public', 'sessions', 'sessions_user_id_fkey'),
        ('public', 'tags', 'tags_account_id_fkey'),
        ('public', 'webhooks', 'webhooks_account_id_fkey')) AS cut(schema_name, table_name, constraint_name)
          JOIN pg_namespace AS n ON n.nspname = cut.schema_name
          WHERE cut.constraint_name = k.conname
            AND (SELECT relname FROM pg_class WHERE oid = k.conrelid AND relnamespace = n.oid) = cut.table_name)
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' foreign keys of the subscriber join two slots, and the plan does not know them', DETAIL = found_lines, HINT = 'A replicated TRUNCATE of the referenced table would stop its slot for ever. Drop them, or sample and plan again.';
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
  found_line text;
BEGIN
  FOR found_line IN SELECT line FROM (
      WITH relation AS (
        SELECT DISTINCT c.oid, c.relrowsecurity FROM (VALUES
        ('public', 'email_events'),
        ('public', 'email_messages'),
        ('public', 'sessions'),
        ('public', 'page_views'),
        ('public', 'countries'),
        ('public', 'jobs'),
        ('public', 'contact_lists'),
        ('public', 'contact_tags'),
        ('public', 'contacts'),
        ('public', 'coupons'),
        ('public', 'list_members'),
        ('public', 'tags'),
        ('public', 'accounts'),
        ('public', 'api_keys'),
        ('public', 'audit_log'),
        ('public', 'campaign_variants'),
        ('public', 'campaigns'),
        ('public', 'comments'),
        ('public', 'domains'),
        ('public', 'feature_flags'),
        ('public', 'files'),
        ('public', 'imports'),
        ('public', 'invoice_lines'),
        ('public', 'invoices'),
        ('public', 'memberships'),
        ('public', 'notification_settings'),
        ('public', 'notifications'),
        ('public', 'oauth_tokens'),
        ('public', 'payments'),
        ('public', 'permissions'),
        ('public', 'projects'),
        ('public', 'refunds'),
        ('public', 'role_permissions'),
        ('public', 'roles'),
        ('public', 'subscription_plans'),
        ('public', 'subscriptions'),
        ('public', 'suppressions'),
        ('public', 'task_assignees'),
        ('public', 'tasks'),
        ('public', 'templates'),
        ('public', 'users'),
        ('public', 'webhook_deliveries'),
        ('public', 'webhooks')) AS planned(schema_name, table_name)
        JOIN pg_namespace AS n ON n.nspname = planned.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name
      )
      SELECT format('trigger %I of table %s fires for replicated rows, with an empty search_path', t.tgname, t.tgrelid::regclass)
      FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid WHERE t.tgenabled IN ('A', 'R') AND NOT t.tgisinternal
      UNION ALL
      SELECT format('table %s has row security: its slot stops if the owner of the subscription is subject to it', oid::regclass)
      FROM relation WHERE relrowsecurity
  ) AS found(line) ORDER BY line LIMIT 20 LOOP
    RAISE WARNING '%: %', 'look at this on the subscriber', found_line;
  END LOOP;
END
$pgslotplan$;
