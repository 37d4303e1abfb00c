-- 78_publisher_writes_stop.sql: Makes the database read-only for all roles; nobody else may be connected, nothing may be prepared.
-- phase cutover, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 78_publisher_writes_stop.sql
-- Variable allowed (optional): roles whose sessions may stay, separated by commas; none when not given
-- Variable terminate (optional): yes: other sessions are ended; no (the default): they are listed and the file fails
-- Hazard: A session that says SET TRANSACTION READ WRITE can still write: the transaction counter shows it.
-- Undo: abort.sh, or lib/writes_open_publisher.sql.

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

\if :{?allowed}
\else
\set allowed ''
\endif
SET pgslotplan.allowed = :'allowed';

\if :{?terminate}
\else
\set terminate no
\endif
SELECT :'terminate' = 'yes' AS ends_others
\gset

DO $pgslotplan$
DECLARE
  found_count bigint;
  found_lines text;
BEGIN
  SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20)
    INTO found_count, found_lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
      SELECT format('prepared transaction %s of %s', gid, owner) FROM pg_prepared_xacts WHERE database = current_database()
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' prepared transactions are open', DETAIL = found_lines, HINT = 'Commit or roll them back first.';
  END IF;
END
$pgslotplan$;

\if :ends_others
\else
DO $pgslotplan$
DECLARE
  deadline timestamptz := clock_timestamp() + interval '1 s';
BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datname = current_database() AND a.backend_type = 'client backend'
      AND a.pid <> pg_backend_pid() AND a.application_name <> 'pgslotplan'
      AND a.usename <> ALL (string_to_array(replace(current_setting('pgslotplan.allowed'), ' ', ''), ',')))
    AND clock_timestamp() < deadline LOOP
    PERFORM pg_sleep(0.01);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
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
      SELECT format('%s of role %s from %s:%s, %s since %s', a.application_name, a.usename, coalesce(host(a.client_addr), 'socket'), a.client_port,
                    coalesce(a.state, '?'), to_char(a.backend_start AT TIME ZONE 'UTC', 'HH24:MI:SS'))
      FROM pg_stat_activity AS a
      WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
        AND a.application_name <> 'pgslotplan'
        AND a.usename <> ALL (string_to_array(replace(current_setting('pgslotplan.allowed'), ' ', ''), ','))
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' sessions do not come through the paused PgBouncers', DETAIL = found_lines, HINT = 'A PgBouncer that cutover.conf does not list, or a client that goes around it. List it, or end them.';
  END IF;
END
$pgslotplan$;
\endif

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

\if :ends_others
DO $pgslotplan$
DECLARE
  deadline timestamptz := clock_timestamp() + interval '5 s';
BEGIN
  -- each look is a snapshot of its own
  PERFORM pg_terminate_backend(a.pid) FROM pg_stat_activity AS a
  WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
    AND a.application_name <> 'pgslotplan' AND a.usename <> ALL (string_to_array(replace(current_setting('pgslotplan.allowed'), ' ', ''), ','));
  WHILE EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
    AND a.application_name <> 'pgslotplan' AND a.usename <> ALL (string_to_array(replace(current_setting('pgslotplan.allowed'), ' ', ''), ','))) AND clock_timestamp() < deadline LOOP
    PERFORM pg_sleep(0.02);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END
$pgslotplan$;
\endif

DO $pgslotplan$
DECLARE
  deadline timestamptz := clock_timestamp() + interval '1 s';
BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datname = current_database() AND a.backend_type = 'client backend'
      AND a.pid <> pg_backend_pid() AND a.application_name <> 'pgslotplan'
      AND a.usename <> ALL (string_to_array(replace(current_setting('pgslotplan.allowed'), ' ', ''), ',')))
    AND clock_timestamp() < deadline LOOP
    PERFORM pg_sleep(0.01);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
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
      SELECT format('%s of role %s from %s:%s, %s since %s', a.application_name, a.usename, coalesce(host(a.client_addr), 'socket'), a.client_port,
                    coalesce(a.state, '?'), to_char(a.backend_start AT TIME ZONE 'UTC', 'HH24:MI:SS'))
      FROM pg_stat_activity AS a
      WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
        AND a.application_name <> 'pgslotplan'
        AND a.usename <> ALL (string_to_array(replace(current_setting('pgslotplan.allowed'), ' ', ''), ','))
    ) AS found(line)) AS numbered;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' sessions do not come through the paused PgBouncers', DETAIL = found_lines, HINT = 'A PgBouncer that cutover.conf does not list, or a client that goes around it. List it, or end them.';
  END IF;
END
$pgslotplan$;
