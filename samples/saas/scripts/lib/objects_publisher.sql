-- lib/objects_publisher.sql: Writes what is missing in the publications, and tables that the plan does not know.
-- phase verify, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -v out="$OUT" -f lib/objects_publisher.sql
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

\o :out
COPY (SELECT 'publisher', regexp_replace(line, '[[:cntrl:]]', '?', 'g'), NULL::text, NULL::text FROM (
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
      UNION ALL
      SELECT format('table %I.%I is neither in the plan nor excluded by it: nothing replicates it', n.nspname, c.relname)
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgslotplan')
        AND n.nspname !~ '^pg_(toast|temp)'
        AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
          AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')
        AND NOT EXISTS (SELECT FROM (SELECT c.oid UNION SELECT relid FROM pg_partition_ancestors(c.oid)) AS t(oid)
          JOIN pg_class AS r ON r.oid = t.oid JOIN pg_namespace AS m ON m.oid = r.relnamespace
          JOIN (VALUES
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
        ('public', 'webhooks')) AS known(schema_name, table_name) ON known.schema_name = m.nspname AND known.table_name = r.relname)
    ) AS found(line) ORDER BY 2) TO STDOUT (FORMAT csv);
\o
