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
-- The relations that are compared, numbered by name, each once with every slot that carries rows of it: shards of a table are one
-- relation of many slots; a tree that is not published through its root is compared leaf by leaf, since the subscriber need not
-- have the root.
CREATE TEMP TABLE compared_table AS
SELECT (row_number() OVER (ORDER BY r.schema_name COLLATE "C", r.table_name COLLATE "C") - 1)::integer AS number, r.schema_name, r.table_name,
       bool_or(r.is_only) AS is_only, array_agg(r.slot_name::text ORDER BY r.slot_number) AS slots
FROM pg_temp.planned_relation AS r GROUP BY r.schema_name, r.table_name;
CREATE TEMP TABLE exchange (
    kind text, number integer, lo text[], hi text[], buckets integer, bucket integer, row_count bigint, hash_sum numeric,
    columns text[], key_columns text[], range_columns text[], key text[], a_hash bigint, a_version text, b_hash bigint, note text,
    b_version text, stays boolean
);
-- schema.table with ONLY where inheritance children are members of their own
CREATE FUNCTION pg_temp.relation_of(which integer) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT format('%s%I.%I', CASE WHEN is_only THEN 'ONLY ' ELSE '' END, schema_name, table_name)
    FROM pg_temp.compared_table WHERE number = which
$pgslotplan$;
CREATE FUNCTION pg_temp.oid_of(which integer) RETURNS oid LANGUAGE sql STABLE AS $pgslotplan$
    SELECT c.oid FROM pg_temp.compared_table AS p
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
    OUT row_count bigint, OUT hash_sum numeric) LANGUAGE plpgsql AS $pgslotplan$ BEGIN
    EXECUTE format('SELECT count(*), coalesce(sum(%s), 0) FROM %s AS t%s',
        pg_temp.hash_of(digested), pg_temp.relation_of(which), condition) USING lo, hi INTO row_count, hash_sum;
END $pgslotplan$;
-- all rows of a chunk, or of a table's buckets: key, digest, version
CREATE FUNCTION pg_temp.rows_of(which integer, digested text[], keys text[], condition text, lo text[], hi text[])
    RETURNS TABLE (key text[], hash bigint, version text) LANGUAGE plpgsql AS $pgslotplan$ BEGIN
    RETURN QUERY EXECUTE format('SELECT %s, %s, concat_ws('':'', t.tableoid, t.xmin, t.ctid) FROM %s AS t%s',
        pg_temp.key_of(keys), pg_temp.hash_of(digested), pg_temp.relation_of(which), condition) USING lo, hi;
END $pgslotplan$;
-- rows by their keys, those of the lines of kind `wanted` in exchange
CREATE FUNCTION pg_temp.lookup(which integer, wanted text, digested text[], keys text[])
    RETURNS TABLE (key text[], hash bigint, version text) LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    matches text;
BEGIN
    SELECT string_agg(format('t.%I = %s', name, value), ' AND ' ORDER BY place) INTO matches
    FROM unnest(keys, pg_temp.cast_of(pg_temp.oid_of(which), keys, 'e.key')) WITH ORDINALITY AS w(name, value, place);
    RETURN QUERY EXECUTE format('SELECT e.key, %s, concat_ws('':'', t.tableoid, t.xmin, t.ctid)
        FROM pg_temp.exchange AS e JOIN %s AS t ON %s WHERE e.kind = $1 AND e.number = $2',
        pg_temp.hash_of(digested), pg_temp.relation_of(which), matches) USING wanted, which;
END $pgslotplan$;
