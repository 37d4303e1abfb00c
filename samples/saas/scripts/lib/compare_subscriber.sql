-- lib/compare_subscriber.sql: Compares what the publisher's half has read with the subscriber's tables.
-- phase verify, on the subscriber, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -v task="$TASK" -v slot="$SLOT" -v mode="$MODE" -v out="$OUT" -f lib/compare_subscriber.sql
-- Variable task (needed): digest, rows or again
-- Variable slot (needed): the slot whose tables are compared
-- Variable mode (needed): live or at_rest
-- Variable out (needed): the file to write; also with .next, .found and .status after it

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

SET pgslotplan.slot = :'slot';
SET pgslotplan.mode = :'mode';

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


-- The subscriber's half. Task digest: which chunks differ. Task rows: which of their rows differ. Task again: which rows
-- that were different still are.

-- What the subscriber lacks of a table.
CREATE FUNCTION pg_temp.lacking(described pg_temp.exchange) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT CASE WHEN pg_temp.oid_of(described.number) IS NULL THEN 'it does not exist on the subscriber'
        ELSE (SELECT 'the subscriber lacks its columns ' || string_agg(format('%I', name), ', ') FROM unnest(described.columns) AS name
              WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = pg_temp.oid_of(described.number)
                AND a.attname = name AND a.attnum > 0 AND NOT a.attisdropped)) END
$pgslotplan$;

CREATE FUNCTION pg_temp.digest() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    described pg_temp.exchange;
    part pg_temp.exchange;
    here record;
BEGIN
    RETURN QUERY SELECT * FROM pg_temp.exchange WHERE kind = 'skipped';
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' ORDER BY number LOOP
        described.note := pg_temp.lacking(described);
        IF described.note IS NOT NULL THEN
            described.kind := 'different';
            RETURN NEXT described;
            CONTINUE;
        END IF;
        RETURN NEXT described;
        IF described.buckets > 0 THEN
            FOR here IN EXECUTE format(
                'SELECT coalesce(h.bucket, e.bucket) AS bucket FROM (SELECT %s AS bucket, count(*) AS row_count, sum(%s) AS hash_sum FROM %s AS t GROUP BY 1) AS h
                 FULL JOIN (SELECT * FROM pg_temp.exchange WHERE kind = ''bucket'' AND number = $1) AS e ON e.bucket = h.bucket
                 WHERE (h.row_count, h.hash_sum) IS DISTINCT FROM (e.row_count, e.hash_sum)',
                pg_temp.bucket_of(described.key_columns, described.buckets), pg_temp.hash_of(described.columns), pg_temp.relation_of(described.number))
                USING described.number
            LOOP
                part := NULL;
                part.kind := 'bucket';
                part.number := described.number;
                part.bucket := here.bucket;
                RETURN NEXT part;
            END LOOP;
        END IF;
        FOR part IN SELECT * FROM pg_temp.exchange AS e WHERE e.kind IN ('chunk', 'whole') AND e.number = described.number LOOP
            SELECT d.row_count, d.hash_sum INTO here FROM pg_temp.digest_of(described.number, described.columns,
                CASE WHEN part.kind = 'chunk' THEN pg_temp.range_of(pg_temp.oid_of(described.number), described.range_columns, part.lo, part.hi) ELSE '' END,
                part.lo, part.hi) AS d;
            CONTINUE WHEN (here.row_count, here.hash_sum) IS NOT DISTINCT FROM (part.row_count, part.hash_sum);
            IF part.kind = 'whole' THEN
                part.kind := 'different';
                part.note := format('its rows differ, %s on the publisher and %s on the subscriber; without a key they cannot be told apart', part.row_count, here.row_count);
            END IF;
            RETURN NEXT part;
        END LOOP;
    END LOOP;
END
$pgslotplan$;

CREATE FUNCTION pg_temp.rows() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    described pg_temp.exchange;
    part pg_temp.exchange;
    line pg_temp.exchange;
BEGIN
    CREATE TEMP TABLE here (key text[], hash bigint, version text);
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        RETURN NEXT described;
        TRUNCATE pg_temp.here;
        FOR part IN SELECT * FROM pg_temp.exchange AS e WHERE e.kind = 'chunk' AND e.number = described.number LOOP
            INSERT INTO pg_temp.here SELECT r.key, r.hash, r.version FROM pg_temp.rows_of(described.number, described.columns, described.key_columns,
                pg_temp.range_of(pg_temp.oid_of(described.number), described.range_columns, part.lo, part.hi), part.lo, part.hi) AS r;
        END LOOP;
        IF described.buckets > 0 THEN
            INSERT INTO pg_temp.here SELECT r.key, r.hash, r.version FROM pg_temp.rows_of(described.number, described.columns, described.key_columns,
                format(' WHERE %s = ANY (%L::integer[])', pg_temp.bucket_of(described.key_columns, described.buckets),
                    (SELECT array_agg(e.bucket) FROM pg_temp.exchange AS e WHERE e.kind = 'bucket' AND e.number = described.number)), NULL, NULL) AS r;
        END IF;
        ANALYZE pg_temp.here;
        line := NULL;
        line.kind := 'candidate';
        line.number := described.number;
        FOR line.key, line.a_hash, line.a_version, line.b_hash, line.b_version IN
            SELECT coalesce(e.key, h.key), e.a_hash, e.a_version, h.hash, h.version
            FROM (SELECT * FROM pg_temp.exchange WHERE kind = 'row' AND number = described.number) AS e
            FULL JOIN pg_temp.here AS h ON h.key = e.key
            WHERE h.hash IS DISTINCT FROM e.a_hash
        LOOP
            RETURN NEXT line;
        END LOOP;
    END LOOP;
END
$pgslotplan$;

CREATE FUNCTION pg_temp.again() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    described pg_temp.exchange;
    line pg_temp.exchange;
BEGIN
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        RETURN NEXT described;
        line := NULL;
        line.kind := 'candidate';
        line.number := described.number;
        FOR line.key, line.a_hash, line.a_version, line.b_hash, line.b_version, line.stays IN
            SELECT e.key, e.a_hash, e.a_version, h.hash, h.version, coalesce(h.version = e.b_version, false)
            FROM pg_temp.exchange AS e
            LEFT JOIN pg_temp.lookup(described.number, 'candidate', described.columns, described.key_columns) AS h ON h.key = e.key
            WHERE e.kind = 'candidate' AND e.number = described.number AND h.hash IS DISTINCT FROM e.a_hash
        LOOP
            RETURN NEXT line;
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
