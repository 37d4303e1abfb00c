-- 30_publisher_publications.sql: Creates one publication for each slot, and compares those that exist with the plan.
-- phase prepare, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 30_publisher_publications.sql
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
      WITH planned AS (SELECT DISTINCT schema_name, table_name, kind, needs_identity, via_root FROM (VALUES
        ('public', 'email_events', 'r', true, false),
        ('public', 'email_messages', 'r', true, false),
        ('public', 'sessions', 'r', true, false),
        ('public', 'page_views', 'p', true, true),
        ('public', 'countries', 'r', true, false),
        ('public', 'jobs', 'r', true, false),
        ('public', 'contact_lists', 'r', true, false),
        ('public', 'contact_tags', 'r', true, false),
        ('public', 'contacts', 'r', true, false),
        ('public', 'coupons', 'r', true, false),
        ('public', 'list_members', 'r', true, false),
        ('public', 'tags', 'r', true, false),
        ('public', 'accounts', 'r', true, false),
        ('public', 'api_keys', 'r', true, false),
        ('public', 'audit_log', 'r', true, false),
        ('public', 'campaign_variants', 'r', true, false),
        ('public', 'campaigns', 'r', true, false),
        ('public', 'comments', 'r', true, false),
        ('public', 'domains', 'r', true, false),
        ('public', 'feature_flags', 'r', true, false),
        ('public', 'files', 'r', true, false),
        ('public', 'imports', 'r', true, false),
        ('public', 'invoice_lines', 'r', true, false),
        ('public', 'invoices', 'r', true, false),
        ('public', 'memberships', 'r', true, false),
        ('public', 'notification_settings', 'r', true, false),
        ('public', 'notifications', 'r', true, false),
        ('public', 'oauth_tokens', 'r', true, false),
        ('public', 'payments', 'r', true, false),
        ('public', 'permissions', 'r', true, false),
        ('public', 'projects', 'r', true, false),
        ('public', 'refunds', 'r', true, false),
        ('public', 'role_permissions', 'r', true, false),
        ('public', 'roles', 'r', true, false),
        ('public', 'subscription_plans', 'r', true, false),
        ('public', 'subscriptions', 'r', true, false),
        ('public', 'suppressions', 'r', true, false),
        ('public', 'task_assignees', 'r', true, false),
        ('public', 'tasks', 'r', true, false),
        ('public', 'templates', 'r', true, false),
        ('public', 'users', 'r', true, false),
        ('public', 'webhook_deliveries', 'r', true, false),
        ('public', 'webhooks', 'r', true, false)) AS planned(schema_name, table_name, kind, needs_identity, via_root)),
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

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_email_events') AS publication_0_is_missing
\gset
\if :publication_0_is_missing
CREATE PUBLICATION pgsp_email_events FOR TABLE
    public.email_events
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_email_messages') AS publication_1_is_missing
\gset
\if :publication_1_is_missing
CREATE PUBLICATION pgsp_email_messages FOR TABLE
    public.email_messages
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_sessions') AS publication_2_is_missing
\gset
\if :publication_2_is_missing
CREATE PUBLICATION pgsp_sessions FOR TABLE
    public.sessions
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_page_views') AS publication_3_is_missing
\gset
\if :publication_3_is_missing
CREATE PUBLICATION pgsp_page_views FOR TABLE
    public.page_views
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_1') AS publication_4_is_missing
\gset
\if :publication_4_is_missing
CREATE PUBLICATION pgsp_shared_1 FOR TABLE
    public.countries,
    public.jobs
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_2') AS publication_5_is_missing
\gset
\if :publication_5_is_missing
CREATE PUBLICATION pgsp_shared_2 FOR TABLE
    public.contact_lists,
    public.contact_tags,
    public.contacts,
    public.coupons,
    public.list_members,
    public.tags
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_3') AS publication_6_is_missing
\gset
\if :publication_6_is_missing
CREATE PUBLICATION pgsp_shared_3 FOR TABLE
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

SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_4') AS publication_7_is_missing
\gset
\if :publication_7_is_missing
CREATE PUBLICATION pgsp_shared_4 FOR TABLE
    public.webhook_deliveries,
    public.webhooks
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif

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
