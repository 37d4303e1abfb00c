-- 10_publisher_check.sql: Looks whether the publisher still is what the plan was made for. Changes nothing.
-- phase prepare, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 10_publisher_check.sql

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
      SELECT format('wal_level is %s, but must be logical', current_setting('wal_level'))
      WHERE current_setting('wal_level') <> 'logical'
      UNION ALL
      SELECT format('max_replication_slots is %s, but must be at least %s: %s are used by others, 20 are needed, 2 are spare',
                    current_setting('max_replication_slots'), others + 22, others)
      FROM (SELECT count(*) FROM pg_replication_slots AS s WHERE s.slot_name !~ '_[0-9]+_sync_[0-9]+'
              AND NOT EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_page_views', 'pgsp_page_views', ARRAY['pgsp_page_views']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) WHERE planned.slot_name = s.slot_name)) AS used(others)
      WHERE current_setting('max_replication_slots')::integer < others + 22
      UNION ALL
      SELECT format('max_wal_senders is %s, but must be at least %s: %s are used by others, 21 are needed',
                    current_setting('max_wal_senders'), others + 21, others)
      FROM (SELECT count(*) FROM pg_stat_replication AS r LEFT JOIN pg_replication_slots AS s ON s.active_pid = r.pid
             WHERE coalesce(s.slot_name, '') !~ '_[0-9]+_sync_[0-9]+'
               AND NOT EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_page_views', 'pgsp_page_views', ARRAY['pgsp_page_views']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications) WHERE planned.slot_name = s.slot_name)) AS used(others)
      WHERE current_setting('max_wal_senders')::integer < others + 21
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' settings of the publisher are too small', DETAIL = found_lines, HINT = 'Raise them and restart the publisher; RUNBOOK.md has the numbers.';
  END IF;
END
$pgslotplan$;

DO $pgslotplan$
DECLARE
  found_line text;
BEGIN
  FOR found_line IN SELECT line FROM (
      SELECT format('%s is %s: a slot that waits longer is lost; %s is safe while the plan is carried out', name, setting, safe)
      FROM (VALUES ('max_slot_wal_keep_size', '-1'), ('idle_replication_slot_timeout', '0')) AS risky(risky_name, safe)
      JOIN pg_settings ON name = risky_name WHERE setting <> safe
  ) AS found(line) ORDER BY line LIMIT 20 LOOP
    RAISE WARNING '%: %', 'setting endangers the slots', found_line;
  END LOOP;
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
