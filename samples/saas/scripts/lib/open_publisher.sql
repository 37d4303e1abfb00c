-- lib/open_publisher.sql: Takes the way back away, foreign keys return, and the old server opens.
-- phase verify, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f lib/open_publisher.sql

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
BEGIN
  PERFORM pg_advisory_lock_shared(hashtext('pgslotplan'), hashtext('pgsp'));
END
$pgslotplan$;

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_1') AS reverse_0_exists
\gset
\if :reverse_0_exists
ALTER SUBSCRIPTION pgsp_rev_1 DISABLE;
ALTER SUBSCRIPTION pgsp_rev_1 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_rev_1;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_2') AS reverse_1_exists
\gset
\if :reverse_1_exists
ALTER SUBSCRIPTION pgsp_rev_2 DISABLE;
ALTER SUBSCRIPTION pgsp_rev_2 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_rev_2;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_3') AS reverse_2_exists
\gset
\if :reverse_2_exists
ALTER SUBSCRIPTION pgsp_rev_3 DISABLE;
ALTER SUBSCRIPTION pgsp_rev_3 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_rev_3;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_4') AS reverse_3_exists
\gset
\if :reverse_3_exists
ALTER SUBSCRIPTION pgsp_rev_4 DISABLE;
ALTER SUBSCRIPTION pgsp_rev_4 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_rev_4;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_5') AS reverse_4_exists
\gset
\if :reverse_4_exists
ALTER SUBSCRIPTION pgsp_rev_5 DISABLE;
ALTER SUBSCRIPTION pgsp_rev_5 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_rev_5;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_6') AS reverse_5_exists
\gset
\if :reverse_5_exists
ALTER SUBSCRIPTION pgsp_rev_6 DISABLE;
ALTER SUBSCRIPTION pgsp_rev_6 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_rev_6;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_7') AS reverse_6_exists
\gset
\if :reverse_6_exists
ALTER SUBSCRIPTION pgsp_rev_7 DISABLE;
ALTER SUBSCRIPTION pgsp_rev_7 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_rev_7;
\endif

SELECT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_8') AS reverse_7_exists
\gset
\if :reverse_7_exists
ALTER SUBSCRIPTION pgsp_rev_8 DISABLE;
ALTER SUBSCRIPTION pgsp_rev_8 SET (slot_name = NONE);
DROP SUBSCRIPTION pgsp_rev_8;
\endif

SELECT to_regclass('pgslotplan.dropped_foreign_key') IS NOT NULL AS foreign_keys_dropped
\gset
\if :foreign_keys_dropped
SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', schema_name, table_name, constraint_name, definition_not_valid)
FROM (SELECT d.*, c.oid AS table_oid, c.relkind,
        d.definition || CASE WHEN d.definition LIKE '% NOT VALID' OR d.definition LIKE '% NOT ENFORCED' THEN '' ELSE ' NOT VALID' END
          AS definition_not_valid
      FROM pgslotplan.dropped_foreign_key AS d
      JOIN pg_namespace AS n ON n.nspname = d.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
      WHERE d.prefix = 'pgsp') AS saved
WHERE saved.relkind IN ('r')
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = saved.table_oid AND k.conname = saved.constraint_name)
UNION ALL
SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, l.relname, constraint_name, definition_not_valid)
FROM (SELECT d.*, c.oid AS table_oid, c.relkind,
        d.definition || CASE WHEN d.definition LIKE '% NOT VALID' OR d.definition LIKE '% NOT ENFORCED' THEN '' ELSE ' NOT VALID' END
          AS definition_not_valid
      FROM pgslotplan.dropped_foreign_key AS d
      JOIN pg_namespace AS n ON n.nspname = d.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
      WHERE d.prefix = 'pgsp') AS saved
JOIN LATERAL pg_partition_tree(saved.table_oid) AS t ON t.isleaf
JOIN pg_class AS l ON l.oid = t.relid JOIN pg_namespace AS n ON n.oid = l.relnamespace
WHERE saved.relkind = 'p' AND l.relkind = 'r'
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = saved.table_oid AND k.conname = saved.constraint_name)
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = l.oid AND k.conname = saved.constraint_name)
\gexec
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
