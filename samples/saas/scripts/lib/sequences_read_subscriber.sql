-- lib/sequences_read_subscriber.sql: Writes the values of all sequences.
-- phase verify, on the subscriber, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -v out="$OUT" -f lib/sequences_read_subscriber.sql
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

BEGIN;

-- The next value of each sequence of this database that no extension owns. A value that may not be read is an error, since
-- it would look unused. pg_sequences hides where a sequence stands that was restarted and not called since, so those are
-- read one by one.
CREATE TEMP TABLE mine (schema_name text, sequence_name text, last_value bigint, is_called boolean, step bigint);
DO $pgslotplan$
DECLARE
    names text;
    item record;
BEGIN
    SELECT string_agg(format('%I.%I', schemaname, sequencename), ', ') INTO names FROM pg_sequences
    WHERE NOT has_sequence_privilege(format('%I.%I', schemaname, sequencename), 'SELECT');
    IF names IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'values of sequences cannot be read: ' || names, HINT = 'Grant SELECT on them.';
    END IF;
    INSERT INTO pg_temp.mine
    SELECT s.schemaname, s.sequencename, s.last_value, s.last_value IS NOT NULL, s.increment_by
    FROM pg_sequences AS s JOIN pg_namespace AS n ON n.nspname = s.schemaname
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.sequencename
    WHERE c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e');
    FOR item IN SELECT * FROM pg_temp.mine WHERE last_value IS NULL LOOP
        EXECUTE format('SELECT s.last_value, s.is_called FROM %I.%I AS s', item.schema_name, item.sequence_name)
            INTO item.last_value, item.is_called;
        UPDATE pg_temp.mine AS m SET last_value = item.last_value, is_called = item.is_called
        WHERE m.schema_name = item.schema_name AND m.sequence_name = item.sequence_name;
    END LOOP;
END
$pgslotplan$;


\o :out
COPY (SELECT * FROM pg_temp.mine ORDER BY schema_name, sequence_name) TO STDOUT (FORMAT csv);
\o
-- one transaction, whose temporary objects need no other to go: the cutover counts them
ROLLBACK;
