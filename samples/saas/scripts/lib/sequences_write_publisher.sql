-- lib/sequences_write_publisher.sql: Compares the sequences with the other server's and sets those that are behind.
-- phase verify, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -v task="$TASK" -v behind="$BEHIND" -f lib/sequences_write_publisher.sql
-- Variable task (needed): compare or write
-- Variable behind (needed): the file for those that are behind

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\if :{?task}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable task is not set', HINT = 'Run psql with -v task="...": compare or write';
END
$pgslotplan$;
\endif
\if :{?behind}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable behind is not set', HINT = 'Run psql with -v behind="...": the file for those that are behind';
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


-- Standard input: the other server's values. Task write: sets those that are behind; one that is ahead stays. Then writes
-- a line for each that is behind into the file.
CREATE TEMP TABLE theirs (schema_name text, sequence_name text, last_value bigint, is_called boolean, step bigint);
\copy pg_temp.theirs FROM pstdin (FORMAT csv)
CREATE TEMP VIEW behind AS
SELECT t.schema_name, t.sequence_name, t.last_value, t.is_called, m.sequence_name IS NULL AS is_missing,
       CASE WHEN m.sequence_name IS NULL THEN 'it is missing'
            ELSE format('its next value is %s, but %s on the other server', m.last_value + CASE WHEN m.is_called THEN m.step ELSE 0 END::numeric,
                        t.last_value + CASE WHEN t.is_called THEN t.step ELSE 0 END::numeric) END AS note
FROM pg_temp.theirs AS t LEFT JOIN pg_temp.mine AS m USING (schema_name, sequence_name)
WHERE m.sequence_name IS NULL
   OR (t.last_value + CASE WHEN t.is_called THEN t.step ELSE 0 END::numeric - m.last_value - CASE WHEN m.is_called THEN m.step ELSE 0 END::numeric) * sign(t.step) > 0;
SELECT :'task' = 'write' AS is_write
\gset
\if :is_write
DO $pgslotplan$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT * FROM pg_temp.behind WHERE NOT is_missing LOOP
        PERFORM setval(format('%I.%I', item.schema_name, item.sequence_name)::regclass, item.last_value, item.is_called);
        UPDATE pg_temp.mine AS m SET last_value = item.last_value, is_called = item.is_called
        WHERE m.schema_name = item.schema_name AND m.sequence_name = item.sequence_name;
    END LOOP;
END
$pgslotplan$;
\endif
\o :behind
COPY (SELECT 'sequence', regexp_replace(format('%I.%I', schema_name, sequence_name), '[[:cntrl:]]', '?', 'g'), NULL::text, note
      FROM pg_temp.behind ORDER BY 2) TO STDOUT (FORMAT csv);
\o
