-- lib/close_subscriber.sql: Makes the new database read-only until it is opened: a PgBouncer that starts anew must not write there too early.
-- phase verify, on the subscriber, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f lib/close_subscriber.sql

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

DO $pgslotplan$
DECLARE
  found_mark boolean := false;
BEGIN
  IF to_regclass('pgslotplan.plan') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pgslotplan.plan WHERE prefix = $1 AND plan_sha256 = $2)'
      INTO found_mark USING 'pgsp', 'ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd';
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
      SELECT format('publication %I', mirror.publication_name) FROM (VALUES
        ('pgsp_rev_1'),
        ('pgsp_rev_2'),
        ('pgsp_rev_3'),
        ('pgsp_rev_4'),
        ('pgsp_rev_5'),
        ('pgsp_rev_6'),
        ('pgsp_rev_7'),
        ('pgsp_rev_8')) AS mirror(publication_name)
      WHERE NOT EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = mirror.publication_name)
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' publications of the way back are missing', DETAIL = found_lines, HINT = 'Run 76_subscriber_reverse_prepare.sql first.';
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
CREATE TABLE IF NOT EXISTS pgslotplan.stopped_writes (
    prefix text NOT NULL,
    role_name name NOT NULL,
    old_value text,
    stopped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (prefix, role_name)
);
-- a setting of a role wins over that of the database, so each such role gets one for this database
INSERT INTO pgslotplan.stopped_writes (prefix, role_name, old_value)
SELECT 'pgsp', coalesce(r.rolname, ''), (
    SELECT substr(c, length('default_transaction_read_only=') + 1)
    FROM pg_db_role_setting AS own, unnest(own.setconfig) AS c
    WHERE own.setrole = w.setrole AND own.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND c LIKE 'default\_transaction\_read\_only=%')
FROM (SELECT 0::oid AS setrole
      UNION SELECT s.setrole FROM pg_db_role_setting AS s, unnest(s.setconfig) AS c
      WHERE s.setrole <> 0 AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        AND c LIKE 'default\_transaction\_read\_only=%') AS w
LEFT JOIN pg_roles AS r ON r.oid = w.setrole
WHERE w.setrole = 0 OR r.oid IS NOT NULL
ON CONFLICT DO NOTHING;

SELECT CASE WHEN role_name = '' THEN format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database())
            ELSE format('ALTER ROLE %I IN DATABASE %I SET default_transaction_read_only = on', role_name, current_database()) END
FROM pgslotplan.stopped_writes WHERE prefix = 'pgsp'
\gexec
