-- 84_publisher_reverse_start.sql: Enables the subscriptions of the way back on the old server.
-- phase cutover, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 84_publisher_reverse_start.sql
-- Undo: abort.sh before the first write; 91_publisher_cleanup.sql drops them for good.

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
      SELECT format('subscription %I', mirror.slot_name) FROM (VALUES
        ('pgsp_rev_1'),
        ('pgsp_rev_2'),
        ('pgsp_rev_3'),
        ('pgsp_rev_4'),
        ('pgsp_rev_5'),
        ('pgsp_rev_6'),
        ('pgsp_rev_7'),
        ('pgsp_rev_8')) AS mirror(slot_name)
      WHERE NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
        WHERE d.datname = current_database() AND s.subname = mirror.slot_name)
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' subscriptions of the way back are missing', DETAIL = found_lines, HINT = 'Run 77_publisher_reverse_subscriptions.sql first.';
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

CREATE TABLE IF NOT EXISTS pgslotplan.dropped_foreign_key (
    prefix text NOT NULL,
    schema_name name NOT NULL,
    table_name name NOT NULL,
    constraint_name name NOT NULL,
    definition text NOT NULL,
    validated boolean NOT NULL,
    description text,
    PRIMARY KEY (prefix, schema_name, table_name, constraint_name)
);

INSERT INTO pgslotplan.dropped_foreign_key
SELECT 'pgsp', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated, obj_description(k.oid, 'pg_constraint')
FROM (VALUES
        ('public', 'contact_lists', 'contact_lists_account_id_fkey'),
        ('public', 'contacts', 'contacts_account_id_fkey'),
        ('public', 'email_events', 'email_events_message_id_fkey'),
        ('public', 'email_messages', 'email_messages_campaign_id_fkey'),
        ('public', 'email_messages', 'email_messages_contact_id_fkey'),
        ('public', 'sessions', 'sessions_user_id_fkey'),
        ('public', 'tags', 'tags_account_id_fkey'),
        ('public', 'webhooks', 'webhooks_account_id_fkey')) AS cut(schema_name, table_name, constraint_name)
JOIN pg_namespace AS n ON n.nspname = cut.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = cut.table_name
JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.conname = cut.constraint_name AND k.contype = 'f' AND k.conparentid = 0
ON CONFLICT DO NOTHING;

INSERT INTO pgslotplan.dropped_foreign_key
SELECT 'pgsp', planned.schema_name, planned.table_name, planned.constraint_name, planned.definition,
       planned.definition !~ ' NOT (VALID|ENFORCED)$', NULL
FROM (VALUES
        ('public', 'contact_lists', 'contact_lists_account_id_fkey', 'FOREIGN KEY (account_id) REFERENCES public.accounts(id)'),
        ('public', 'contacts', 'contacts_account_id_fkey', 'FOREIGN KEY (account_id) REFERENCES public.accounts(id)'),
        ('public', 'email_events', 'email_events_message_id_fkey', 'FOREIGN KEY (message_id) REFERENCES public.email_messages(id)'),
        ('public', 'email_messages', 'email_messages_campaign_id_fkey', 'FOREIGN KEY (campaign_id) REFERENCES public.campaigns(id)'),
        ('public', 'email_messages', 'email_messages_contact_id_fkey', 'FOREIGN KEY (contact_id) REFERENCES public.contacts(id)'),
        ('public', 'sessions', 'sessions_user_id_fkey', 'FOREIGN KEY (user_id) REFERENCES public.users(id)'),
        ('public', 'tags', 'tags_account_id_fkey', 'FOREIGN KEY (account_id) REFERENCES public.accounts(id)'),
        ('public', 'webhooks', 'webhooks_account_id_fkey', 'FOREIGN KEY (account_id) REFERENCES public.accounts(id)')) AS planned(schema_name, table_name, constraint_name, definition)
ON CONFLICT DO NOTHING;

DO $pgslotplan$
DECLARE
  found_line text;
BEGIN
  FOR found_line IN SELECT line FROM (
      SELECT format('%I of table %I.%I', cut.constraint_name, cut.schema_name, cut.table_name) FROM (VALUES
        ('public', 'contact_lists', 'contact_lists_account_id_fkey'),
        ('public', 'contacts', 'contacts_account_id_fkey'),
        ('public', 'email_events', 'email_events_message_id_fkey'),
        ('public', 'email_messages', 'email_messages_campaign_id_fkey'),
        ('public', 'email_messages', 'email_messages_contact_id_fkey'),
        ('public', 'sessions', 'sessions_user_id_fkey'),
        ('public', 'tags', 'tags_account_id_fkey'),
        ('public', 'webhooks', 'webhooks_account_id_fkey')) AS cut(schema_name, table_name, constraint_name)
      WHERE NOT EXISTS (SELECT FROM pgslotplan.dropped_foreign_key AS d WHERE d.prefix = 'pgsp'
        AND d.schema_name = cut.schema_name AND d.table_name = cut.table_name AND d.constraint_name = cut.constraint_name)
  ) AS found(line) ORDER BY line LIMIT 20 LOOP
    RAISE WARNING '%: %', 'neither the subscriber nor the plan has the definition of this foreign key: it will not be restored', found_line;
  END LOOP;
END
$pgslotplan$;

SELECT format('ALTER TABLE %I.%I DROP CONSTRAINT %I', schema_name, table_name, constraint_name)
FROM (SELECT d.*, c.oid AS table_oid, c.relkind,
        d.definition || CASE WHEN d.definition LIKE '% NOT VALID' OR d.definition LIKE '% NOT ENFORCED' THEN '' ELSE ' NOT VALID' END
          AS definition_not_valid
      FROM pgslotplan.dropped_foreign_key AS d
      JOIN pg_namespace AS n ON n.nspname = d.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
      WHERE d.prefix = 'pgsp') AS saved
WHERE EXISTS (SELECT FROM pg_constraint AS k
  WHERE k.conrelid = saved.table_oid AND k.conname = saved.constraint_name AND k.contype = 'f' AND k.conparentid = 0)
ORDER BY schema_name, table_name, constraint_name
\gexec

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_1' AND NOT s.subenabled) AS reverse_0_is_disabled
\gset
\if :reverse_0_is_disabled
ALTER SUBSCRIPTION pgsp_rev_1 ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_2' AND NOT s.subenabled) AS reverse_1_is_disabled
\gset
\if :reverse_1_is_disabled
ALTER SUBSCRIPTION pgsp_rev_2 ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_3' AND NOT s.subenabled) AS reverse_2_is_disabled
\gset
\if :reverse_2_is_disabled
ALTER SUBSCRIPTION pgsp_rev_3 ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_4' AND NOT s.subenabled) AS reverse_3_is_disabled
\gset
\if :reverse_3_is_disabled
ALTER SUBSCRIPTION pgsp_rev_4 ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_5' AND NOT s.subenabled) AS reverse_4_is_disabled
\gset
\if :reverse_4_is_disabled
ALTER SUBSCRIPTION pgsp_rev_5 ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_6' AND NOT s.subenabled) AS reverse_5_is_disabled
\gset
\if :reverse_5_is_disabled
ALTER SUBSCRIPTION pgsp_rev_6 ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_7' AND NOT s.subenabled) AS reverse_6_is_disabled
\gset
\if :reverse_6_is_disabled
ALTER SUBSCRIPTION pgsp_rev_7 ENABLE;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_8' AND NOT s.subenabled) AS reverse_7_is_disabled
\gset
\if :reverse_7_is_disabled
ALTER SUBSCRIPTION pgsp_rev_8 ENABLE;
\endif
