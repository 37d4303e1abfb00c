-- 77_publisher_reverse_subscriptions.sql: Creates the subscriptions of the way back on the old server, disabled.
-- phase cutover, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -v subscriber_dsn="$SUBSCRIBER_DSN" -f 77_publisher_reverse_subscriptions.sql
-- Variable subscriber_dsn (needed): connection string by which the publisher's server reaches the subscriber's database, with a role that has REPLICATION
-- Undo: abort.sh before the first write; 91_publisher_cleanup.sql drops them for good.

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\if :{?subscriber_dsn}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable subscriber_dsn is not set', HINT = 'Run psql with -v subscriber_dsn="...": connection string by which the publisher''s server reaches the subscriber''s database, with a role that has REPLICATION';
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

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_1') AS reverse_0_is_missing
\gset
\if :reverse_0_is_missing
CREATE SUBSCRIPTION pgsp_rev_1
    CONNECTION :'subscriber_dsn'
    PUBLICATION pgsp_rev_1
    WITH (create_slot = false, slot_name = 'pgsp_rev_1', copy_data = false, enabled = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_2') AS reverse_1_is_missing
\gset
\if :reverse_1_is_missing
CREATE SUBSCRIPTION pgsp_rev_2
    CONNECTION :'subscriber_dsn'
    PUBLICATION pgsp_rev_2
    WITH (create_slot = false, slot_name = 'pgsp_rev_2', copy_data = false, enabled = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_3') AS reverse_2_is_missing
\gset
\if :reverse_2_is_missing
CREATE SUBSCRIPTION pgsp_rev_3
    CONNECTION :'subscriber_dsn'
    PUBLICATION pgsp_rev_3
    WITH (create_slot = false, slot_name = 'pgsp_rev_3', copy_data = false, enabled = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_4') AS reverse_3_is_missing
\gset
\if :reverse_3_is_missing
CREATE SUBSCRIPTION pgsp_rev_4
    CONNECTION :'subscriber_dsn'
    PUBLICATION pgsp_rev_4
    WITH (create_slot = false, slot_name = 'pgsp_rev_4', copy_data = false, enabled = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_5') AS reverse_4_is_missing
\gset
\if :reverse_4_is_missing
CREATE SUBSCRIPTION pgsp_rev_5
    CONNECTION :'subscriber_dsn'
    PUBLICATION pgsp_rev_5
    WITH (create_slot = false, slot_name = 'pgsp_rev_5', copy_data = false, enabled = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_6') AS reverse_5_is_missing
\gset
\if :reverse_5_is_missing
CREATE SUBSCRIPTION pgsp_rev_6
    CONNECTION :'subscriber_dsn'
    PUBLICATION pgsp_rev_6
    WITH (create_slot = false, slot_name = 'pgsp_rev_6', copy_data = false, enabled = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_7') AS reverse_6_is_missing
\gset
\if :reverse_6_is_missing
CREATE SUBSCRIPTION pgsp_rev_7
    CONNECTION :'subscriber_dsn'
    PUBLICATION pgsp_rev_7
    WITH (create_slot = false, slot_name = 'pgsp_rev_7', copy_data = false, enabled = false);
\endif

SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = 'pgsp_rev_8') AS reverse_7_is_missing
\gset
\if :reverse_7_is_missing
CREATE SUBSCRIPTION pgsp_rev_8
    CONNECTION :'subscriber_dsn'
    PUBLICATION pgsp_rev_8
    WITH (create_slot = false, slot_name = 'pgsp_rev_8', copy_data = false, enabled = false);
\endif
