-- 90_subscriber_cleanup.sql: Drops the plan's subscriptions and what was remembered for it.
-- phase cleanup, on the subscriber, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 90_subscriber_cleanup.sql
-- Hazard: The subscriber stops following the publisher for good: going on needs a new copy.

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

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_email_events' AND s.subpublications = ARRAY['pgsp_email_events']::text[] AND coalesce(s.subslotname, 'pgsp_email_events') = 'pgsp_email_events') AS subscription_0_exists
\gset
\if :subscription_0_exists
ALTER SUBSCRIPTION pgsp_email_events DISABLE;
ALTER SUBSCRIPTION pgsp_email_events SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_email_events;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_email_messages' AND s.subpublications = ARRAY['pgsp_email_messages']::text[] AND coalesce(s.subslotname, 'pgsp_email_messages') = 'pgsp_email_messages') AS subscription_1_exists
\gset
\if :subscription_1_exists
ALTER SUBSCRIPTION pgsp_email_messages DISABLE;
ALTER SUBSCRIPTION pgsp_email_messages SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_email_messages;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_sessions' AND s.subpublications = ARRAY['pgsp_sessions']::text[] AND coalesce(s.subslotname, 'pgsp_sessions') = 'pgsp_sessions') AS subscription_2_exists
\gset
\if :subscription_2_exists
ALTER SUBSCRIPTION pgsp_sessions DISABLE;
ALTER SUBSCRIPTION pgsp_sessions SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_sessions;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_page_views' AND s.subpublications = ARRAY['pgsp_page_views']::text[] AND coalesce(s.subslotname, 'pgsp_page_views') = 'pgsp_page_views') AS subscription_3_exists
\gset
\if :subscription_3_exists
ALTER SUBSCRIPTION pgsp_page_views DISABLE;
ALTER SUBSCRIPTION pgsp_page_views SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_page_views;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_1' AND s.subpublications = ARRAY['pgsp_shared_1']::text[] AND coalesce(s.subslotname, 'pgsp_shared_1') = 'pgsp_shared_1') AS subscription_4_exists
\gset
\if :subscription_4_exists
ALTER SUBSCRIPTION pgsp_shared_1 DISABLE;
ALTER SUBSCRIPTION pgsp_shared_1 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_shared_1;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_2' AND s.subpublications = ARRAY['pgsp_shared_2']::text[] AND coalesce(s.subslotname, 'pgsp_shared_2') = 'pgsp_shared_2') AS subscription_5_exists
\gset
\if :subscription_5_exists
ALTER SUBSCRIPTION pgsp_shared_2 DISABLE;
ALTER SUBSCRIPTION pgsp_shared_2 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_shared_2;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_3' AND s.subpublications = ARRAY['pgsp_shared_3']::text[] AND coalesce(s.subslotname, 'pgsp_shared_3') = 'pgsp_shared_3') AS subscription_6_exists
\gset
\if :subscription_6_exists
ALTER SUBSCRIPTION pgsp_shared_3 DISABLE;
ALTER SUBSCRIPTION pgsp_shared_3 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_shared_3;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_4' AND s.subpublications = ARRAY['pgsp_shared_4']::text[] AND coalesce(s.subslotname, 'pgsp_shared_4') = 'pgsp_shared_4') AS subscription_7_exists
\gset
\if :subscription_7_exists
ALTER SUBSCRIPTION pgsp_shared_4 DISABLE;
ALTER SUBSCRIPTION pgsp_shared_4 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_shared_4;
\endif

DO $pgslotplan$
DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s';
  item record;
BEGIN
  -- a walsender that just lost its subscription needs a moment to end
  WHILE EXISTS (SELECT FROM (VALUES
        ('pgsp_rev_1'),
        ('pgsp_rev_2'),
        ('pgsp_rev_3'),
        ('pgsp_rev_4'),
        ('pgsp_rev_5'),
        ('pgsp_rev_6'),
        ('pgsp_rev_7'),
        ('pgsp_rev_8')) AS mirror(slot_name) JOIN pg_replication_slots AS s ON s.slot_name = mirror.slot_name AND s.plugin = 'pgoutput' AND s.database = current_database() WHERE s.active) LOOP
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'a replication slot of the way back is still in use', HINT = 'Drop its subscription on the old server first: 91_publisher_cleanup.sql or abort.sh.';
    END IF;
    PERFORM pg_sleep(0.05);
  END LOOP;
  FOR item IN SELECT s.slot_name FROM (VALUES
        ('pgsp_rev_1'),
        ('pgsp_rev_2'),
        ('pgsp_rev_3'),
        ('pgsp_rev_4'),
        ('pgsp_rev_5'),
        ('pgsp_rev_6'),
        ('pgsp_rev_7'),
        ('pgsp_rev_8')) AS mirror(slot_name) JOIN pg_replication_slots AS s ON s.slot_name = mirror.slot_name AND s.plugin = 'pgoutput' AND s.database = current_database() ORDER BY s.slot_name LOOP
    PERFORM pg_drop_replication_slot(item.slot_name);
  END LOOP;
END
$pgslotplan$;

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_1') AS reverse_0_exists
\gset
\if :reverse_0_exists
DROP PUBLICATION pgsp_rev_1;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_2') AS reverse_1_exists
\gset
\if :reverse_1_exists
DROP PUBLICATION pgsp_rev_2;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_3') AS reverse_2_exists
\gset
\if :reverse_2_exists
DROP PUBLICATION pgsp_rev_3;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_4') AS reverse_3_exists
\gset
\if :reverse_3_exists
DROP PUBLICATION pgsp_rev_4;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_5') AS reverse_4_exists
\gset
\if :reverse_4_exists
DROP PUBLICATION pgsp_rev_5;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_6') AS reverse_5_exists
\gset
\if :reverse_5_exists
DROP PUBLICATION pgsp_rev_6;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_7') AS reverse_6_exists
\gset
\if :reverse_6_exists
DROP PUBLICATION pgsp_rev_7;
\endif

SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_rev_8') AS reverse_7_exists
\gset
\if :reverse_7_exists
DROP PUBLICATION pgsp_rev_8;
\endif

SELECT to_regclass('pgslotplan.changed_identity') IS NOT NULL AS identities_changed
\gset
\if :identities_changed
SELECT format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY %s', s.schema_name, s.table_name,
              CASE s.identity WHEN 'd' THEN 'DEFAULT' WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                              ELSE format('USING INDEX %I', s.index_name) END)
FROM pgslotplan.changed_identity AS s
JOIN pg_namespace AS n ON n.nspname = s.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.table_name
WHERE s.prefix = 'pgsp' AND (s.identity <> 'i' OR s.index_name IS NOT NULL)
ORDER BY s.schema_name, s.table_name
\gexec
DELETE FROM pgslotplan.changed_identity WHERE prefix = 'pgsp';
SELECT NOT EXISTS (SELECT FROM pgslotplan.changed_identity) AS none_left
\gset
\if :none_left
DROP TABLE pgslotplan.changed_identity;
\endif
\endif

SELECT to_regclass('pgslotplan.stopped_writes') IS NOT NULL AS writes_are_stopped
\gset
\if :writes_are_stopped
SELECT format('ALTER %s %s', CASE WHEN role_name = '' THEN format('DATABASE %I', current_database())
                             ELSE format('ROLE %I IN DATABASE %I', role_name, current_database()) END,
              CASE WHEN old_value IS NULL THEN 'RESET default_transaction_read_only'
                   ELSE format('SET default_transaction_read_only = %L', old_value) END)
FROM pgslotplan.stopped_writes WHERE prefix = 'pgsp' AND (role_name = '' OR EXISTS (SELECT FROM pg_roles WHERE rolname = role_name))
\gexec
DELETE FROM pgslotplan.stopped_writes WHERE prefix = 'pgsp';
SELECT NOT EXISTS (SELECT FROM pgslotplan.stopped_writes) AS none_left
\gset
\if :none_left
DROP TABLE pgslotplan.stopped_writes;
\endif
\endif

SELECT to_regclass('pgslotplan.opened') IS NOT NULL AS was_opened
\gset
\if :was_opened
DELETE FROM pgslotplan.opened WHERE prefix = 'pgsp';
SELECT NOT EXISTS (SELECT FROM pgslotplan.opened) AS none_left
\gset
\if :none_left
DROP TABLE pgslotplan.opened;
\endif
\endif

SELECT to_regclass('pgslotplan.dropped_foreign_key') IS NOT NULL AS foreign_keys_dropped
\gset
\if :foreign_keys_dropped
DO $pgslotplan$
DECLARE
  found_count bigint;
  found_lines text;
BEGIN
  SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20)
    INTO found_count, found_lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
      SELECT format('foreign key %I of table %I.%I', saved.constraint_name, schema_name, table_name) FROM (SELECT d.*, c.oid AS table_oid, c.relkind,
        d.definition || CASE WHEN d.definition LIKE '% NOT VALID' OR d.definition LIKE '% NOT ENFORCED' THEN '' ELSE ' NOT VALID' END
          AS definition_not_valid
      FROM pgslotplan.dropped_foreign_key AS d
      JOIN pg_namespace AS n ON n.nspname = d.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
      WHERE d.prefix = 'pgsp') AS saved
      WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = saved.table_oid AND k.conname = saved.constraint_name)
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' foreign keys are still dropped', DETAIL = found_lines, HINT = 'Everything else is cleaned up. Restore them with the files for it, or give them up: DELETE FROM pgslotplan.dropped_foreign_key; then run this file again.';
  END IF;
END
$pgslotplan$;
DELETE FROM pgslotplan.dropped_foreign_key WHERE prefix = 'pgsp';
SELECT NOT EXISTS (SELECT FROM pgslotplan.dropped_foreign_key) AS none_left
\gset
\if :none_left
DROP TABLE pgslotplan.dropped_foreign_key;
\endif
\endif

SELECT to_regclass('pgslotplan.plan') IS NOT NULL AS is_marked
\gset
\if :is_marked
DELETE FROM pgslotplan.plan WHERE prefix = 'pgsp' AND plan_sha256 = 'd4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0';
SELECT NOT EXISTS (SELECT FROM pgslotplan.plan) AS none_left
\gset
\if :none_left
DROP TABLE pgslotplan.plan;
\endif
\endif

SELECT EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = 'pgslotplan'
    AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid) AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid)) AS state_is_empty
\gset
\if :state_is_empty
DROP SCHEMA pgslotplan;
\endif
