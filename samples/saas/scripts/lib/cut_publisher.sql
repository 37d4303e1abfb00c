-- lib/cut_publisher.sql: The old server's part of the pause in one session. A counter before and after tells whether somebody still writes.
-- phase verify, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -v dir="$DIR" -v stops="$STOPS" -v compares="$COMPARES" -v chunk_rows="$CHUNK_ROWS" -v batch_seconds="$BATCH_SECONDS" -v wait_seconds="$WAIT_SECONDS" -v task="$TASK" -v slot="$SLOT" -v mode="$MODE" -f lib/cut_publisher.sql
-- Variable dir (needed): the directory for what is read
-- Variable stops (needed): whether the writes are to be stopped; not when this is another look
-- Variable compares (needed): whether the newest rows are read, too
-- Variable chunk_rows (needed): how many of each table
-- Variable batch_seconds (needed): longer than it takes
-- Variable wait_seconds (needed): how long the slots may take
-- Variable task (needed): digest
-- Variable slot (needed): none: all slots
-- Variable mode (needed): final

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\if :{?dir}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable dir is not set', HINT = 'Run psql with -v dir="...": the directory for what is read';
END
$pgslotplan$;
\endif
\if :{?stops}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable stops is not set', HINT = 'Run psql with -v stops="...": whether the writes are to be stopped; not when this is another look';
END
$pgslotplan$;
\endif
\if :{?compares}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable compares is not set', HINT = 'Run psql with -v compares="...": whether the newest rows are read, too';
END
$pgslotplan$;
\endif
\if :{?chunk_rows}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable chunk_rows is not set', HINT = 'Run psql with -v chunk_rows="...": how many of each table';
END
$pgslotplan$;
\endif
\if :{?batch_seconds}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable batch_seconds is not set', HINT = 'Run psql with -v batch_seconds="...": longer than it takes';
END
$pgslotplan$;
\endif
\if :{?wait_seconds}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable wait_seconds is not set', HINT = 'Run psql with -v wait_seconds="...": how long the slots may take';
END
$pgslotplan$;
\endif
\if :{?task}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable task is not set', HINT = 'Run psql with -v task="...": digest';
END
$pgslotplan$;
\endif
\if :{?slot}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable slot is not set', HINT = 'Run psql with -v slot="...": none: all slots';
END
$pgslotplan$;
\endif
\if :{?mode}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable mode is not set', HINT = 'Run psql with -v mode="...": final';
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

\if :stops
\ir ../78_publisher_writes_stop.sql
\endif
\ir ../71_publisher_caught_up.sql
\set out :dir '/before'
\ir counter_publisher.sql
\set out :dir '/sequences.publisher'
\ir sequences_read_publisher.sql
\if :compares
\set out :dir '/final.publisher'
\ir compare_publisher.sql
\endif
\set out :dir '/after'
\ir counter_publisher.sql
