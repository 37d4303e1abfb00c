-- 40_subscriber_foreign_keys_drop.sql: Drops the foreign keys that join two slots, and remembers their definitions in pgslotplan.dropped_foreign_key.
-- phase prepare, on the subscriber, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 40_subscriber_foreign_keys_drop.sql
-- Hazard: Until they are restored the subscriber accepts rows that break these foreign keys.
-- Undo: 80_subscriber_stop.sql, then 81_ and 88_subscriber_foreign_keys_*.sql.

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
  IF EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_contact_activities', 'pgsp_contact_activities', ARRAY['pgsp_contact_activities']::text[]),
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
        ('pgsp_contact_activities'),
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
INSERT INTO pgslotplan.plan (prefix, plan_sha256) VALUES ('pgsp', 'ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd') ON CONFLICT DO NOTHING;
DO $pgslotplan$
DECLARE
  found_count bigint;
  found_lines text;
BEGIN
  SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20)
    INTO found_count, found_lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
      SELECT format('prefix %s belongs to plan %s', prefix, plan_sha256) FROM pgslotplan.plan
      WHERE prefix = 'pgsp' AND plan_sha256 <> 'ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd'
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' other plan is being carried out here', DETAIL = found_lines, HINT = 'Run the clean-up files of that plan first, or plan with another --prefix.';
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
        ('public', 'account_logs', 'account_logs_account_id_fkey'),
        ('public', 'contact_activities', 'contact_activities_account2_events_fkey'),
        ('public', 'email_events', 'email_events_email_messages_fkey'),
        ('public', 'policys', 'policys_session_id_fkey'),
        ('public', 'session_events', 'session_events_session_id_fkey'),
        ('public', 'session_items', 'session_items_session_id_fkey'),
        ('public', 'session_tags', 'session_tags_session_id_fkey')) AS cut(schema_name, table_name, constraint_name)
JOIN pg_namespace AS n ON n.nspname = cut.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = cut.table_name
JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.conname = cut.constraint_name AND k.contype = 'f' AND k.conparentid = 0
ON CONFLICT DO NOTHING;

INSERT INTO pgslotplan.dropped_foreign_key
SELECT 'pgsp', planned.schema_name, planned.table_name, planned.constraint_name, planned.definition,
       planned.definition !~ ' NOT (VALID|ENFORCED)$', NULL
FROM (VALUES
        ('public', 'account_logs', 'account_logs_account_id_fkey', 'FOREIGN KEY (account_id) REFERENCES public.accounts(id)'),
        ('public', 'contact_activities', 'contact_activities_account2_events_fkey', 'FOREIGN KEY (account2_event_id) REFERENCES public.account2_events(id)'),
        ('public', 'email_events', 'email_events_email_messages_fkey', 'FOREIGN KEY (email_message_id) REFERENCES public.email_messages(id)'),
        ('public', 'policys', 'policys_session_id_fkey', 'FOREIGN KEY (session_id) REFERENCES public.sessions(id)'),
        ('public', 'session_events', 'session_events_session_id_fkey', 'FOREIGN KEY (session_id) REFERENCES public.sessions(id)'),
        ('public', 'session_items', 'session_items_session_id_fkey', 'FOREIGN KEY (session_id) REFERENCES public.sessions(id)'),
        ('public', 'session_tags', 'session_tags_session_id_fkey', 'FOREIGN KEY (session_id) REFERENCES public.sessions(id)')) AS planned(schema_name, table_name, constraint_name, definition)
ON CONFLICT DO NOTHING;

DO $pgslotplan$
DECLARE
  found_line text;
BEGIN
  FOR found_line IN SELECT line FROM (
      SELECT format('%I of table %I.%I', cut.constraint_name, cut.schema_name, cut.table_name) FROM (VALUES
        ('public', 'account_logs', 'account_logs_account_id_fkey'),
        ('public', 'contact_activities', 'contact_activities_account2_events_fkey'),
        ('public', 'email_events', 'email_events_email_messages_fkey'),
        ('public', 'policys', 'policys_session_id_fkey'),
        ('public', 'session_events', 'session_events_session_id_fkey'),
        ('public', 'session_items', 'session_items_session_id_fkey'),
        ('public', 'session_tags', 'session_tags_session_id_fkey')) AS cut(schema_name, table_name, constraint_name)
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
