-- lib/forward_again_subscriber.sql: Drops the slots of the way back and lets the subscriptions go on.
-- phase verify, on the subscriber, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f lib/forward_again_subscriber.sql

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
  deadline timestamptz := clock_timestamp() + interval '5 s';
BEGIN
  PERFORM pg_terminate_backend(l.pid) FROM pg_locks AS l WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid::bigint = hashtext('pgslotplan')::bigint & 4294967295 AND l.objid::bigint = hashtext('pgsp')::bigint & 4294967295;
  WHILE EXISTS (SELECT FROM pg_locks AS l WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid::bigint = hashtext('pgslotplan')::bigint & 4294967295 AND l.objid::bigint = hashtext('pgsp')::bigint & 4294967295) LOOP
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'another part of the cutover still runs', HINT = 'Wait for its end, then run this again.';
    END IF;
    PERFORM pg_sleep(0.01);
  END LOOP;
END
$pgslotplan$;

DO $pgslotplan$
DECLARE
  was_opened boolean := false;
BEGIN
  IF to_regclass('pgslotplan.opened') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pgslotplan.opened WHERE prefix = $1)' INTO was_opened USING 'pgsp';
  END IF;
  IF was_opened THEN
    RAISE EXCEPTION USING MESSAGE = 'the new server was opened for writes',
      HINT = 'The subscriptions must not go on: rows would be applied twice. rollback.sh is the way back.';
  END IF;
END
$pgslotplan$;

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

UPDATE pgslotplan.plan SET stopped = false WHERE prefix = 'pgsp' AND stopped;

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
    WHERE d.datname = current_database() AND s.subname = 'pgsp_contact_activities' AND NOT s.subenabled) AS subscription_3_is_disabled
\gset
\if :subscription_3_is_disabled
ALTER SUBSCRIPTION pgsp_contact_activities ENABLE;
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
