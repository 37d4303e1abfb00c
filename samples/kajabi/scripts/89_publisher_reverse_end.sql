-- 89_publisher_reverse_end.sql: Drops the subscriptions of the way back; dropped foreign keys of the old server return.
-- phase cleanup, on the publisher, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 89_publisher_reverse_end.sql
-- Hazard: From here on there is no way back to the old server.

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
  IF current_database() <> 'kajabi_production' THEN
    RAISE EXCEPTION USING MESSAGE = format('the plan is for database %I, but this is database %I', 'kajabi_production', current_database()),
      HINT = 'Run this file in the planned database of the publisher.';
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
SET statement_timeout = 0;

SELECT format('ALTER TABLE %I.%I VALIDATE CONSTRAINT %I', schema_name, table_name, saved.constraint_name)
FROM (SELECT d.*, c.oid AS table_oid, c.relkind,
        d.definition || CASE WHEN d.definition LIKE '% NOT VALID' OR d.definition LIKE '% NOT ENFORCED' THEN '' ELSE ' NOT VALID' END
          AS definition_not_valid
      FROM pgslotplan.dropped_foreign_key AS d
      JOIN pg_namespace AS n ON n.nspname = d.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
      WHERE d.prefix = 'pgsp') AS saved
JOIN pg_constraint AS k ON k.conrelid = saved.table_oid AND k.conname = saved.constraint_name AND k.contype = 'f' AND NOT k.convalidated
WHERE saved.validated
ORDER BY pg_relation_size(saved.table_oid), schema_name, table_name, saved.constraint_name
\gexec

SELECT format('ALTER TABLE %I.%I VALIDATE CONSTRAINT %I', n.nspname, l.relname, k.conname)
FROM (SELECT d.*, c.oid AS table_oid, c.relkind,
        d.definition || CASE WHEN d.definition LIKE '% NOT VALID' OR d.definition LIKE '% NOT ENFORCED' THEN '' ELSE ' NOT VALID' END
          AS definition_not_valid
      FROM pgslotplan.dropped_foreign_key AS d
      JOIN pg_namespace AS n ON n.nspname = d.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
      WHERE d.prefix = 'pgsp') AS saved
JOIN LATERAL pg_partition_tree(saved.table_oid) AS t ON t.isleaf
JOIN pg_class AS l ON l.oid = t.relid JOIN pg_namespace AS n ON n.oid = l.relnamespace
JOIN pg_constraint AS k ON k.conrelid = l.oid AND k.conname = saved.constraint_name AND k.contype = 'f' AND NOT k.convalidated
WHERE saved.relkind = 'p'
ORDER BY pg_relation_size(l.oid), n.nspname, l.relname
\gexec

SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', schema_name, table_name, constraint_name, definition)
FROM (SELECT d.*, c.oid AS table_oid, c.relkind,
        d.definition || CASE WHEN d.definition LIKE '% NOT VALID' OR d.definition LIKE '% NOT ENFORCED' THEN '' ELSE ' NOT VALID' END
          AS definition_not_valid
      FROM pgslotplan.dropped_foreign_key AS d
      JOIN pg_namespace AS n ON n.nspname = d.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
      WHERE d.prefix = 'pgsp') AS saved
WHERE saved.relkind = 'p'
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = saved.table_oid AND k.conname = saved.constraint_name)
ORDER BY schema_name, table_name, constraint_name
\gexec

SELECT format('COMMENT ON CONSTRAINT %I ON %I.%I IS %L', constraint_name, schema_name, table_name, description)
FROM (SELECT d.*, c.oid AS table_oid, c.relkind,
        d.definition || CASE WHEN d.definition LIKE '% NOT VALID' OR d.definition LIKE '% NOT ENFORCED' THEN '' ELSE ' NOT VALID' END
          AS definition_not_valid
      FROM pgslotplan.dropped_foreign_key AS d
      JOIN pg_namespace AS n ON n.nspname = d.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
      WHERE d.prefix = 'pgsp') AS saved WHERE description IS NOT NULL
\gexec

DO $pgslotplan$
DECLARE
  found_count bigint;
  found_lines text;
BEGIN
  SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20)
    INTO found_count, found_lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
      SELECT format('foreign key %I of table %I.%I is %s, but was %s', saved.constraint_name, schema_name, table_name,
                    coalesce(pg_get_constraintdef(k.oid), 'missing'), definition)
      FROM (SELECT d.*, c.oid AS table_oid, c.relkind,
        d.definition || CASE WHEN d.definition LIKE '% NOT VALID' OR d.definition LIKE '% NOT ENFORCED' THEN '' ELSE ' NOT VALID' END
          AS definition_not_valid
      FROM pgslotplan.dropped_foreign_key AS d
      JOIN pg_namespace AS n ON n.nspname = d.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
      WHERE d.prefix = 'pgsp') AS saved
      LEFT JOIN pg_constraint AS k ON k.conrelid = saved.table_oid AND k.conname = saved.constraint_name AND k.contype = 'f'
      WHERE pg_get_constraintdef(k.oid) IS DISTINCT FROM saved.definition
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' foreign keys are not what they were', DETAIL = found_lines, HINT = 'Run the file before this one, and this one again.';
  END IF;
END
$pgslotplan$;
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
\endif
