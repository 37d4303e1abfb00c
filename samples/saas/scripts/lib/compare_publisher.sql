-- lib/compare_publisher.sql: Reads digests or rows of the publisher's tables and waits until the slots have passed them.
-- phase verify, on the publisher, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -v task="$TASK" -v slot="$SLOT" -v mode="$MODE" -v out="$OUT" -v chunk_rows="$CHUNK_ROWS" -v batch_seconds="$BATCH_SECONDS" -v wait_seconds="$WAIT_SECONDS" -f lib/compare_publisher.sql
-- Variable task (needed): digest, rows or again
-- Variable slot (needed): the slot whose tables are compared
-- Variable mode (needed): live or at_rest
-- Variable out (needed): the file to write; also with .next, .found and .status after it
-- Variable chunk_rows (needed): rows read by one digest
-- Variable batch_seconds (needed): how long one run reads before it says where to go on
-- Variable wait_seconds (needed): how long the slots may take to pass what was read

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\if :{?task}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable task is not set', HINT = 'Run psql with -v task="...": digest, rows or again';
END
$pgslotplan$;
\endif
\if :{?slot}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable slot is not set', HINT = 'Run psql with -v slot="...": the slot whose tables are compared';
END
$pgslotplan$;
\endif
\if :{?mode}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable mode is not set', HINT = 'Run psql with -v mode="...": live or at_rest';
END
$pgslotplan$;
\endif
\if :{?out}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable out is not set', HINT = 'Run psql with -v out="...": the file to write; also with .next, .found and .status after it';
END
$pgslotplan$;
\endif
\if :{?chunk_rows}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable chunk_rows is not set', HINT = 'Run psql with -v chunk_rows="...": rows read by one digest';
END
$pgslotplan$;
\endif
\if :{?batch_seconds}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable batch_seconds is not set', HINT = 'Run psql with -v batch_seconds="...": how long one run reads before it says where to go on';
END
$pgslotplan$;
\endif
\if :{?wait_seconds}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable wait_seconds is not set', HINT = 'Run psql with -v wait_seconds="...": how long the slots may take to pass what was read';
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

SET pgslotplan.slot = :'slot';
SET pgslotplan.mode = :'mode';
SET pgslotplan.chunk_rows = :'chunk_rows';
SET pgslotplan.batch_seconds = :'batch_seconds';
SET pgslotplan.wait_seconds = :'wait_seconds';

SELECT :'mode' = 'final' AS is_final
\gset
\if :is_final
BEGIN;
\endif

CREATE TEMP TABLE planned_table AS SELECT * FROM (VALUES
        (0, 'public', 'accounts', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (1, 'public', 'api_keys', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (2, 'public', 'audit_log', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (3, 'public', 'campaign_variants', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (4, 'public', 'campaigns', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (5, 'public', 'comments', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (6, 'public', 'contact_lists', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (7, 'public', 'contact_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (8, 'public', 'contacts', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (9, 'public', 'countries', false, ARRAY[]::text[], ARRAY['pgsp_shared_1']::text[]),
        (10, 'public', 'coupons', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (11, 'public', 'domains', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (12, 'public', 'email_events', false, ARRAY[]::text[], ARRAY['pgsp_email_events']::text[]),
        (13, 'public', 'email_messages', false, ARRAY[]::text[], ARRAY['pgsp_email_messages']::text[]),
        (14, 'public', 'feature_flags', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (15, 'public', 'files', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (16, 'public', 'imports', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (17, 'public', 'invoice_lines', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (18, 'public', 'invoices', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (19, 'public', 'jobs', false, ARRAY[]::text[], ARRAY['pgsp_shared_1']::text[]),
        (20, 'public', 'list_members', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (21, 'public', 'memberships', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (22, 'public', 'notification_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (23, 'public', 'notifications', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (24, 'public', 'oauth_tokens', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (25, 'public', 'page_views', false, ARRAY[]::text[], ARRAY['pgsp_page_views']::text[]),
        (26, 'public', 'payments', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (27, 'public', 'permissions', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (28, 'public', 'projects', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (29, 'public', 'refunds', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (30, 'public', 'role_permissions', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (31, 'public', 'roles', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (32, 'public', 'sessions', false, ARRAY[]::text[], ARRAY['pgsp_sessions']::text[]),
        (33, 'public', 'subscription_plans', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (34, 'public', 'subscriptions', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (35, 'public', 'suppressions', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (36, 'public', 'tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (37, 'public', 'task_assignees', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (38, 'public', 'tasks', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (39, 'public', 'templates', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (40, 'public', 'users', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (41, 'public', 'webhook_deliveries', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (42, 'public', 'webhooks', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[])) AS planned(number, schema_name, table_name, is_only, columns, slots);

-- What both sides compute with. Everything is temporary. Names travel as text[] in CSV and are quoted by format(%I) only.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'iso_8601';
SET extra_float_digits = 1;
SET bytea_output = 'hex';
SET xmloption = 'content';
SET lc_monetary = 'C';
SET statement_timeout = 0;
-- the unordered digests below need no sorting; what is sorted is the key, by its index
SET row_security = off;

-- One line of the files that go back and forth. Which columns are used depends on kind:
--   table      number, columns, key_columns, range_columns, buckets (0: by key ranges)
--   chunk      number, lo, hi, row_count, hash_sum          rows with lo < key <= hi
--   bucket     number, bucket, row_count, hash_sum          rows whose key's hash falls there
--   whole      number, row_count, hash_sum                  a table without key
--   row        number, key, a_hash, a_version               a row of a chunk or bucket that differed, on the publisher
--   candidate  number, key, a_hash, a_version, b_hash,      a row that was seen different; stays: the subscriber had the same
--              b_version, stays                             version of it at the look before
--   different  number, key, note                            a row that is different
--   skipped    number, note                                 a table that cannot be compared now
--   next       number, lo                                   where to go on; no such line when all is done
CREATE TEMP TABLE exchange (
    kind text, number integer, lo text[], hi text[], buckets integer, bucket integer, row_count bigint, hash_sum numeric,
    columns text[], key_columns text[], range_columns text[], key text[], a_hash bigint, a_version text, b_hash bigint, note text,
    b_version text, stays boolean
);

-- schema.table with ONLY where inheritance children are members of their own
CREATE FUNCTION pg_temp.relation_of(which integer) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT format('%s%I.%I', CASE WHEN is_only THEN 'ONLY ' ELSE '' END, schema_name, table_name)
    FROM pg_temp.planned_table WHERE number = which
$pgslotplan$;

CREATE FUNCTION pg_temp.oid_of(which integer) RETURNS oid LANGUAGE sql STABLE AS $pgslotplan$
    SELECT c.oid FROM pg_temp.planned_table AS p
    JOIN pg_namespace AS n ON n.nspname = p.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
    WHERE p.number = which
$pgslotplan$;

-- the digest of one row of t, as an expression: the same for the same text on every version
CREATE FUNCTION pg_temp.hash_of(names text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $pgslotplan$
    SELECT format('hashtextextended(row(%s)::text COLLATE "C", 0)', string_agg(format('t.%I', name), ', ' ORDER BY place))
    FROM unnest(names) WITH ORDINALITY AS w(name, place)
$pgslotplan$;

-- the key of one row of t as text[], as an expression
CREATE FUNCTION pg_temp.key_of(names text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $pgslotplan$
    SELECT format('ARRAY[%s]', string_agg(format('t.%I::text', name), ', ' ORDER BY place))
    FROM unnest(names) WITH ORDINALITY AS w(name, place)
$pgslotplan$;

-- a value of text[] parameter `parameter` for each column, cast to this side's type of the column
CREATE FUNCTION pg_temp.cast_of(relation oid, names text[], parameter text) RETURNS text[] LANGUAGE sql STABLE AS $pgslotplan$
    SELECT array_agg(format('(%s)[%s]::%s', parameter, place, format_type(a.atttypid, a.atttypmod)) ORDER BY place)
    FROM unnest(names) WITH ORDINALITY AS w(name, place)
    JOIN pg_attribute AS a ON a.attrelid = relation AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped
$pgslotplan$;

-- lo < key <= hi as a WHERE clause over $1 and $2; an open end where one is null
CREATE FUNCTION pg_temp.range_of(relation oid, names text[], lo text[], hi text[]) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT coalesce(' WHERE ' || nullif(concat_ws(' AND ',
        CASE WHEN lo IS NOT NULL THEN format('(%s) > (%s)', list, array_to_string(pg_temp.cast_of(relation, names, '$1'), ', ')) END,
        CASE WHEN hi IS NOT NULL THEN format('(%s) <= (%s)', list, array_to_string(pg_temp.cast_of(relation, names, '$2'), ', ')) END), ''), '')
    FROM (SELECT string_agg(format('t.%I', name), ', ' ORDER BY place) FROM unnest(names) WITH ORDINALITY AS w(name, place)) AS l(list)
$pgslotplan$;

CREATE FUNCTION pg_temp.bucket_of(key_columns text[], buckets integer) RETURNS text LANGUAGE sql IMMUTABLE AS $pgslotplan$
    SELECT format('(hashtextextended(%s::text COLLATE "C", 1) & %s)::integer', pg_temp.key_of(key_columns), buckets - 1)
$pgslotplan$;

CREATE FUNCTION pg_temp.digest_of(which integer, digested text[], condition text, lo text[], hi text[],
    OUT row_count bigint, OUT hash_sum numeric) LANGUAGE plpgsql AS $pgslotplan$
BEGIN
    EXECUTE format('SELECT count(*), coalesce(sum(%s), 0) FROM %s AS t%s',
        pg_temp.hash_of(digested), pg_temp.relation_of(which), condition) USING lo, hi INTO row_count, hash_sum;
END
$pgslotplan$;

-- all rows of a chunk, or of a table's buckets: key, digest, version
CREATE FUNCTION pg_temp.rows_of(which integer, digested text[], keys text[], condition text, lo text[], hi text[])
    RETURNS TABLE (key text[], hash bigint, version text) LANGUAGE plpgsql AS $pgslotplan$
BEGIN
    RETURN QUERY EXECUTE format('SELECT %s, %s, concat_ws('':'', t.tableoid, t.xmin, t.ctid) FROM %s AS t%s',
        pg_temp.key_of(keys), pg_temp.hash_of(digested), pg_temp.relation_of(which), condition) USING lo, hi;
END
$pgslotplan$;

-- rows by their keys, those of the lines of kind `wanted` in exchange
CREATE FUNCTION pg_temp.lookup(which integer, wanted text, digested text[], keys text[])
    RETURNS TABLE (key text[], hash bigint, version text) LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    matches text;
BEGIN
    SELECT string_agg(format('t.%I = %s', name, value), ' AND ' ORDER BY place) INTO matches
    FROM unnest(keys, pg_temp.cast_of(pg_temp.oid_of(which), keys, 'e.key')) WITH ORDINALITY AS w(name, value, place);
    RETURN QUERY EXECUTE format('SELECT e.key, %s, concat_ws('':'', t.tableoid, t.xmin, t.ctid)
        FROM pg_temp.exchange AS e JOIN %s AS t ON %s WHERE e.kind = $1 AND e.number = $2',
        pg_temp.hash_of(digested), pg_temp.relation_of(which), matches) USING wanted, which;
END
$pgslotplan$;


-- The publisher's half. Task digest: from the given position on, until the batch's time is over. Task rows: every row of
-- the chunks that differed. Task again: the rows that were seen different, once more; what did not move is different.

-- What is compared of a table: all columns that are stored and published; its key; the part of the key whose order does
-- not depend on a collation, by which it is read in ranges.
CREATE FUNCTION pg_temp.describe(which integer) RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    line pg_temp.exchange;
    relation oid := pg_temp.oid_of(which);
    row_estimate double precision;
BEGIN
    line.kind := 'table';
    line.number := which;
    SELECT array_agg(a.attname::text ORDER BY a.attnum) INTO line.columns
    FROM pg_attribute AS a JOIN pg_temp.planned_table AS p ON p.number = which
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND (cardinality(p.columns) = 0 OR a.attname = ANY (p.columns));
    SELECT array_agg(a.attname::text ORDER BY k.place),
           array_agg(a.attname::text ORDER BY k.place) FILTER (WHERE k.place < k.first_other)
      INTO line.key_columns, line.range_columns
    FROM (
        SELECT c.attnum, c.place, coalesce(min(c.place) FILTER (WHERE NOT c.is_plain) OVER (), 100) AS first_other
        FROM (SELECT i.indexrelid, i.indkey[0 : i.indnkeyatts - 1] AS attnums FROM pg_index AS i
              WHERE i.indrelid = relation AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indislive
                AND i.indpred IS NULL AND i.indexprs IS NULL
                AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = relation AND NOT a.attnotnull
                                  AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]))
                AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attname <> ALL (line.columns)
                                  AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]))
              ORDER BY i.indisprimary DESC, i.indisreplident DESC, i.indnkeyatts, i.indexrelid LIMIT 1) AS i
        CROSS JOIN LATERAL (
            SELECT w.attnum, w.place, a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'oid'::regtype,
                'numeric'::regtype, 'date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype, 'uuid'::regtype,
                'bytea'::regtype) AS is_plain
            FROM unnest(i.attnums) WITH ORDINALITY AS w(attnum, place)
            JOIN pg_attribute AS a ON a.attrelid = relation AND a.attnum = w.attnum) AS c
    ) AS k
    JOIN pg_attribute AS a ON a.attrelid = relation AND a.attnum = k.attnum;
    IF relation IS NULL OR line.columns IS NULL THEN
        line.kind := 'skipped';
        line.note := CASE WHEN relation IS NULL THEN 'it does not exist on the publisher' ELSE 'it has no columns' END;
    ELSIF line.key_columns IS NULL AND current_setting('pgslotplan.mode') = 'live' THEN
        line.kind := 'skipped';
        line.note := 'it has no key: it can be compared at rest only';
    END IF;
    line.buckets := 0;
    IF line.key_columns IS NOT NULL AND line.range_columns IS NULL THEN
        SELECT greatest(1, sum(c.reltuples)) INTO row_estimate
        FROM (SELECT relation UNION SELECT relid FROM pg_partition_tree(relation)) AS t(oid) JOIN pg_class AS c ON c.oid = t.oid;
        line.buckets := least(65536, 2 ^ ceil(log(2, greatest(1, row_estimate / current_setting('pgslotplan.chunk_rows')::numeric)::numeric)))::integer;
    END IF;
    RETURN NEXT line;
END
$pgslotplan$;

CREATE FUNCTION pg_temp.digest() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    started timestamptz := clock_timestamp();
    batch interval := make_interval(secs => current_setting('pgslotplan.batch_seconds')::double precision);
    chunk_rows bigint := current_setting('pgslotplan.chunk_rows');
    is_final boolean := current_setting('pgslotplan.mode') = 'final';
    start_at pg_temp.exchange;
    described pg_temp.exchange;
    line pg_temp.exchange;
    which integer;
    boundary text;
    descending text;
BEGIN
    SELECT * INTO start_at FROM pg_temp.exchange WHERE kind = 'next';
    FOR which IN SELECT p.number FROM pg_temp.planned_table AS p
        WHERE current_setting('pgslotplan.slot') IN ('', p.slots[1]) AND p.number >= coalesce(start_at.number, 0) ORDER BY p.number
    LOOP
        IF clock_timestamp() > started + batch AND which > coalesce(start_at.number, -1) THEN
            line := NULL;
            line.kind := 'next';
            line.number := which;
            RETURN NEXT line;
            RETURN;
        END IF;
        SELECT * INTO described FROM pg_temp.describe(which);
        IF is_final AND described.kind = 'table' AND described.range_columns IS NULL AND pg_table_size(pg_temp.oid_of(which)) > 1048576 THEN
            described.kind := 'skipped';
            described.note := 'it is too large for the pause, and its newest rows cannot be told';
        END IF;
        RETURN NEXT described;
        CONTINUE WHEN described.kind = 'skipped';
        line := NULL;
        line.number := which;
        IF described.key_columns IS NULL THEN
            line.kind := 'whole';
            SELECT d.row_count, d.hash_sum INTO line.row_count, line.hash_sum
            FROM pg_temp.digest_of(which, described.columns, '', NULL, NULL) AS d;
            RETURN NEXT line;
        ELSIF described.buckets > 0 THEN
            line.kind := 'bucket';
            FOR line.bucket, line.row_count, line.hash_sum IN EXECUTE format(
                'SELECT %s, count(*), sum(%s) FROM %s AS t GROUP BY 1', pg_temp.bucket_of(described.key_columns, described.buckets),
                pg_temp.hash_of(described.columns), pg_temp.relation_of(which))
            LOOP
                RETURN NEXT line;
            END LOOP;
        ELSE
            line.kind := 'chunk';
            IF which = start_at.number THEN
                line.lo := start_at.lo;
            END IF;
            SELECT string_agg(format('t.%I', name), ', ' ORDER BY ordinal), string_agg(format('t.%I DESC', name), ', ' ORDER BY ordinal)
              INTO boundary, descending FROM unnest(described.range_columns) WITH ORDINALITY AS w(name, ordinal);
            IF is_final THEN
                -- the newest rows: those with the greatest keys
                EXECUTE format('SELECT %s FROM %s AS t ORDER BY %s OFFSET %s LIMIT 1', pg_temp.key_of(described.range_columns),
                    pg_temp.relation_of(which), descending, chunk_rows) INTO line.lo;
                SELECT d.row_count, d.hash_sum INTO line.row_count, line.hash_sum FROM pg_temp.digest_of(which, described.columns,
                    pg_temp.range_of(pg_temp.oid_of(which), described.range_columns, line.lo, NULL), line.lo, NULL) AS d;
                RETURN NEXT line;
                CONTINUE;
            END IF;
            LOOP
                line.hi := NULL;
                EXECUTE format('SELECT %s FROM %s AS t%s ORDER BY %s OFFSET %s LIMIT 1', pg_temp.key_of(described.range_columns),
                    pg_temp.relation_of(which), pg_temp.range_of(pg_temp.oid_of(which), described.range_columns, line.lo, NULL), boundary, chunk_rows - 1)
                    USING line.lo INTO line.hi;
                SELECT d.row_count, d.hash_sum INTO line.row_count, line.hash_sum FROM pg_temp.digest_of(which, described.columns,
                    pg_temp.range_of(pg_temp.oid_of(which), described.range_columns, line.lo, line.hi), line.lo, line.hi) AS d;
                RETURN NEXT line;
                EXIT WHEN line.hi IS NULL;
                line.lo := line.hi;
                IF clock_timestamp() > started + batch THEN
                    line.kind := 'next';
                    line.hi := NULL;
                    line.row_count := NULL;
                    line.hash_sum := NULL;
                    RETURN NEXT line;
                    RETURN;
                END IF;
            END LOOP;
        END IF;
    END LOOP;
END
$pgslotplan$;

CREATE FUNCTION pg_temp.rows() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    described pg_temp.exchange;
    part pg_temp.exchange;
    line pg_temp.exchange;
BEGIN
    line.kind := 'row';
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        line.number := described.number;
        FOR part IN SELECT * FROM pg_temp.exchange AS e WHERE e.kind = 'chunk' AND e.number = described.number LOOP
            FOR line.key, line.a_hash, line.a_version IN
                SELECT * FROM pg_temp.rows_of(described.number, described.columns, described.key_columns,
                    pg_temp.range_of(pg_temp.oid_of(described.number), described.range_columns, part.lo, part.hi), part.lo, part.hi)
            LOOP
                RETURN NEXT line;
            END LOOP;
        END LOOP;
        IF described.buckets > 0 THEN
            FOR line.key, line.a_hash, line.a_version IN
                SELECT * FROM pg_temp.rows_of(described.number, described.columns, described.key_columns,
                    format(' WHERE %s = ANY (%L::integer[])', pg_temp.bucket_of(described.key_columns, described.buckets),
                        (SELECT array_agg(e.bucket) FROM pg_temp.exchange AS e WHERE e.kind = 'bucket' AND e.number = described.number)), NULL, NULL)
            LOOP
                RETURN NEXT line;
            END LOOP;
        END IF;
    END LOOP;
END
$pgslotplan$;

-- Third read. A row that is the same version as at the first read has not moved: all its changes were applied when the
-- subscriber was read in between. One that was absent both times may have come and gone meanwhile. So it is looked at again:
-- its deletion was applied before the next look, and if the subscriber then still has the same version of it, there was none.
CREATE FUNCTION pg_temp.again() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    described pg_temp.exchange;
    seen record;
    line pg_temp.exchange;
BEGIN
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        RETURN NEXT described;
        line := NULL;
        line.number := described.number;
        FOR seen IN
            SELECT e.key, e.a_hash, e.a_version, e.b_hash, e.b_version, e.stays, now_there.hash, now_there.version
            FROM pg_temp.exchange AS e
            LEFT JOIN pg_temp.lookup(described.number, 'candidate', described.columns, described.key_columns) AS now_there ON now_there.key = e.key
            WHERE e.kind = 'candidate' AND e.number = described.number
        LOOP
            line.key := seen.key;
            IF seen.a_version IS NOT DISTINCT FROM seen.version AND (seen.version IS NOT NULL OR seen.stays) THEN
                line.kind := 'different';
                line.note := CASE WHEN seen.version IS NULL THEN 'only on the subscriber' WHEN seen.b_hash IS NULL
                    THEN 'missing on the subscriber' ELSE 'changed' END;
                line.a_hash := NULL;
                line.a_version := NULL;
                line.b_version := NULL;
                RETURN NEXT line;
            ELSIF seen.hash IS DISTINCT FROM seen.b_hash THEN
                line.kind := 'candidate';
                line.note := NULL;
                line.a_hash := seen.hash;
                line.a_version := seen.version;
                line.b_version := seen.b_version;
                RETURN NEXT line;
            END IF;
        END LOOP;
    END LOOP;
END
$pgslotplan$;


\copy pg_temp.exchange FROM pstdin (FORMAT csv)
ANALYZE pg_temp.exchange;
CREATE TEMP TABLE result AS SELECT * FROM pg_temp.:"task"();
CREATE TEMP VIEW shown AS
SELECT CASE r.kind WHEN 'skipped' THEN 'skipped' ELSE 'different' END AS what,
       regexp_replace(format('table %I.%I', p.schema_name, p.table_name), '[[:cntrl:]]', '?', 'g') AS name,
       regexp_replace(r.key::text, '[[:cntrl:]]', '?', 'g') AS key, regexp_replace(r.note, '[[:cntrl:]]', '?', 'g') AS note
FROM pg_temp.result AS r JOIN pg_temp.planned_table AS p ON p.number = r.number WHERE r.kind IN ('different', 'skipped');
\o :out
COPY (SELECT * FROM pg_temp.result WHERE kind NOT IN ('different', 'skipped', 'next')) TO STDOUT (FORMAT csv);
\set file :out '.next'
\o :file
COPY (SELECT * FROM pg_temp.result WHERE kind = 'next') TO STDOUT (FORMAT csv);
\set file :out '.found'
\o :file
COPY (SELECT * FROM pg_temp.shown ORDER BY what, name, key) TO STDOUT (FORMAT csv);
\set file :out '.status'
\o :file
COPY (SELECT count(*) FILTER (WHERE kind = 'table'), count(*) FILTER (WHERE kind IN ('chunk', 'bucket', 'whole')),
             coalesce(sum(row_count), 0), count(*) FILTER (WHERE kind IN ('candidate', 'chunk', 'bucket'))
      FROM pg_temp.result) TO STDOUT (DELIMITER ' ');
\o


\if :is_final
ROLLBACK;
\endif

-- Everything that was read is applied: each slot of these tables must confirm what is in the log now. The message that is
-- committed flushes the log, so that nobody waits for the log writer.
SELECT :'mode' = 'live' AS is_live
\gset
\if :is_live
SELECT set_config('pgslotplan.fence', pg_current_wal_insert_lsn()::text, false) AS fence
\gset
SET synchronous_commit = local;
DO $pgslotplan$ BEGIN PERFORM pg_logical_emit_message(true, 'pgslotplan', 'fence'); END $pgslotplan$;
DO $pgslotplan$
DECLARE
    fence pg_lsn := current_setting('pgslotplan.fence');
    deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
    lines text;
BEGIN
    LOOP
        SELECT string_agg(format('slot %I: %s', w.name, CASE WHEN s.slot_name IS NULL THEN 'missing'
                 ELSE format('%s bytes behind, %s', pg_wal_lsn_diff(fence, s.confirmed_flush_lsn),
                             CASE WHEN s.active THEN 'connected' ELSE 'not connected' END) END), chr(10) ORDER BY w.name)
          INTO lines
        FROM (SELECT DISTINCT unnest(p.slots) AS name FROM pg_temp.planned_table AS p WHERE p.slots[1] = current_setting('pgslotplan.slot')) AS w
        LEFT JOIN pg_replication_slots AS s ON s.slot_name = w.name AND s.database = current_database()
        WHERE (s.confirmed_flush_lsn >= fence) IS NOT TRUE;
        EXIT WHEN lines IS NULL;
        IF clock_timestamp() >= deadline THEN
            RAISE EXCEPTION USING MESSAGE = format('slots have not passed %s', fence), DETAIL = lines,
                HINT = 'Look at the log of the subscriber. Run the step again to go on.';
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
END
$pgslotplan$;
\endif
