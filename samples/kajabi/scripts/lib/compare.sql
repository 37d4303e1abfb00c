-- What both sides compute with. Everything is temporary. Names travel as text[] in CSV and are quoted by format(%I) only.
--
-- Nothing of the database runs here. Values become text by row(...)::text, which calls output functions and no casts; only built-in types
-- are cast, ordered or compared, and pg_temp.same_type refuses a statement whose column is of another. What a name gives is looked at
-- before and after a reading.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'iso_8601';
SET extra_float_digits = 1;
SET bytea_output = 'hex';
SET xmloption = 'content';
SET lc_monetary = 'C';
SET statement_timeout = 0;
SET check_function_bodies = off;
\if :{?foreign_code} \else \set foreign_code no \endif
\if :{?converts} \else \set converts off \endif
SELECT set_config('pgslotplan.foreign_code', :'foreign_code', false) AS foreign_code, set_config('pgslotplan.converts', :'converts', false) AS converts \gset
\ir same_type.sql
\ir foreign_code.sql
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
CREATE FUNCTION pg_temp.oid_of(which integer) RETURNS oid LANGUAGE sql STABLE AS $pgslotplan$
    SELECT c.oid FROM pg_temp.compared_table AS p
    JOIN pg_namespace AS n ON n.nspname = p.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
    WHERE p.number = which
$pgslotplan$;
-- A relation that was looked at: what to read rows from, as an item of FROM; or why it is not read (trouble), which says nothing about
-- its rows, or why it cannot be the same (fault).
CREATE TYPE pg_temp.look AS (number integer, relation oid, source text, trouble text, fault text);
-- what names gave when they were looked at, with all members of a tree
CREATE TEMP TABLE looked_at (number integer, relation oid, member oid);
-- A tree with foreign or other odd leaves is read table by table: ONLY each, the columns `names`. Without names it has no source yet.
CREATE FUNCTION pg_temp.look_at(which integer, names text[]) RETURNS pg_temp.look LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    looked pg_temp.look; planned record; leaves text; has_odd boolean;
BEGIN
    looked.number := which;
    SELECT c.oid, c.relkind, c.relhassubclass, p.schema_name, p.table_name, p.is_only INTO planned
    FROM pg_temp.compared_table AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name WHERE p.number = which;
    looked.relation := planned.oid;
    IF planned.oid IS NULL THEN
        looked.fault := 'it does not exist';
        RETURN looked;
    ELSIF planned.relkind NOT IN ('r', 'p') THEN
        looked.fault := 'it is not a table any more';
        RETURN looked;
    END IF;
    looked.trouble := pg_temp.foreign_code(planned.oid);
    looked.source := format('%s%I.%I', CASE WHEN planned.is_only THEN 'ONLY ' ELSE '' END, planned.schema_name, planned.table_name);
    IF planned.is_only OR NOT planned.relhassubclass THEN
        INSERT INTO pg_temp.looked_at VALUES (which, planned.oid, planned.oid);
        RETURN looked;
    END IF;
    WITH RECURSIVE tree AS (
        SELECT planned.oid AS oid UNION SELECT i.inhrelid FROM tree JOIN pg_inherits AS i ON i.inhparent = tree.oid
    )
    INSERT INTO pg_temp.looked_at SELECT which, planned.oid, tree.oid FROM tree;
    SELECT bool_or(c.relkind NOT IN ('r', 'p')), string_agg(format('SELECT l.tableoid, l.xmin, l.ctid, %s FROM ONLY %I.%I AS l',
             (SELECT string_agg(format('l.%I', w.name), ', ' ORDER BY w.place) FROM unnest(names) WITH ORDINALITY AS w(name, place)),
             n.nspname, c.relname), ' UNION ALL ' ORDER BY c.oid) FILTER (WHERE c.relkind = 'r')
      INTO has_odd, leaves
    FROM (SELECT DISTINCT member FROM pg_temp.looked_at WHERE number = which) AS t JOIN pg_class AS c ON c.oid = t.member
    JOIN pg_namespace AS n ON n.oid = c.relnamespace;
    IF has_odd THEN
        looked.trouble := coalesce(looked.trouble, CASE WHEN leaves IS NULL THEN 'all of its partitions are foreign tables' END);
        looked.source := CASE WHEN names IS NOT NULL THEN '(' || leaves || ')' END;
    END IF;
    RETURN looked;
END $pgslotplan$;
-- The look at a table that was compared before: refuses one that cannot be read any more.
CREATE FUNCTION pg_temp.readable(described pg_temp.exchange) RETURNS pg_temp.look LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    looked pg_temp.look := pg_temp.look_at(described.number, described.columns);
BEGIN
    IF looked.fault IS NOT NULL OR looked.trouble IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = format('table %s cannot be read any more: %s', (SELECT format('%I.%I', schema_name, table_name)
            FROM pg_temp.compared_table WHERE number = described.number), coalesce(looked.fault, looked.trouble)), HINT = 'Look who does that, then run this again.';
    END IF;
    RETURN looked;
END $pgslotplan$;
-- What a task reads, unless rows came from elsewhere than from what was looked at, or a name means something else by now: then all of
-- it is thrown away. Whatever a transaction reads stays locked until its end, so the locks tell what was read.
CREATE FUNCTION pg_temp.checked(task name) RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    replaced text;
BEGIN
    RETURN QUERY EXECUTE format('SELECT * FROM pg_temp.%I()', task);
    SELECT string_agg(line, ', ' ORDER BY line) INTO replaced FROM (
        SELECT DISTINCT format('%I.%I', p.schema_name, p.table_name) FROM pg_temp.looked_at AS l JOIN pg_temp.compared_table AS p ON p.number = l.number
        WHERE pg_temp.oid_of(l.number) IS DISTINCT FROM l.relation
        UNION
        SELECT format('%I.%I', n.nspname, c.relname) FROM pg_locks AS k JOIN pg_class AS c ON c.oid = k.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
        -- functions that were let run read what they like
        WHERE current_setting('pgslotplan.foreign_code') <> 'yes' AND k.pid = pg_backend_pid() AND k.locktype = 'relation' AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND c.relkind NOT IN ('i', 'I', 't') AND c.relpersistence <> 't' AND c.oid >= 16384
          AND NOT EXISTS (SELECT FROM pg_temp.looked_at AS l WHERE l.member = c.oid)
    ) AS found(line);
    IF replaced IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'tables were replaced while they were read: ' || replaced, HINT = 'Look who does that, then run this again.';
    END IF;
END $pgslotplan$;
-- Columns of a relation by name, with their type if it is the server's own: one that is_plain reads back from its text and orders the
-- same everywhere; the text of one that is_text is that of its output. PL/pgSQL keeps its plans: the pause looks at every table.
CREATE FUNCTION pg_temp.columns_of(relation oid, names text[])
    RETURNS TABLE (place bigint, name text, own_type text, type oid, is_plain boolean, is_text boolean) LANGUAGE plpgsql STABLE AS $pgslotplan$ BEGIN
    RETURN QUERY SELECT w.place, w.name, CASE WHEN y.oid < 16384 AND y.typtype NOT IN ('d', 'c') THEN format('pg_catalog.%I', y.typname) END, y.oid,
        y.oid IN (20, 21, 23, 26, 1700, 1082, 1114, 1184, 2950, 17), y.oid IN (20, 21, 23, 26, 1700, 1082, 1114, 1184, 2950, 17, 25, 1043)
    FROM unnest(names) WITH ORDINALITY AS w(name, place)
    JOIN pg_attribute AS a ON a.attrelid = relation AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type AS y ON y.oid = a.atttypid;
END $pgslotplan$;
-- a condition without which no statement may cast, order or compare these columns
CREATE FUNCTION pg_temp.typed(relation oid, names text[]) RETURNS text LANGUAGE plpgsql STABLE AS $pgslotplan$ BEGIN
    RETURN (SELECT coalesce(string_agg(format('pg_temp.same_type(NULL::%s, t.%I)', c.own_type, c.name), ' AND ' ORDER BY c.place), 'true')
            FROM pg_temp.columns_of(relation, names) AS c WHERE c.own_type IS NOT NULL);
END $pgslotplan$;
-- an expression of type text whose hash is the same on both sides: where their encodings differ, not of the server's own bytes
CREATE FUNCTION pg_temp.common(expression text) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT format(CASE current_setting('pgslotplan.converts') WHEN 'on' THEN 'encode(convert_to(%s, ''UTF8''), ''hex'') COLLATE "C"' ELSE '%s COLLATE "C"' END, expression)
$pgslotplan$;
-- the digest of one row of t, as an expression: the same for the same text on every version
CREATE FUNCTION pg_temp.hash_of(names text[]) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT format('hashtextextended(%s, 0)', pg_temp.common(format('row(%s)::text', string_agg(format('t.%I', name), ', ' ORDER BY place))))
    FROM unnest(names) WITH ORDINALITY AS w(name, place)
$pgslotplan$;
-- the only value of a row, from the row's text
CREATE FUNCTION pg_temp.unwrapped(line text) RETURNS text LANGUAGE sql IMMUTABLE AS $pgslotplan$
    SELECT CASE WHEN line LIKE '("%' THEN replace(replace(substr(line, 3, length(line) - 4), '""', '"'), '\\', '\')
                ELSE substr(line, 2, length(line) - 2) END
$pgslotplan$;
-- the key of one row of t as text[], as an expression; where it is used, pg_temp.typed must be
CREATE FUNCTION pg_temp.key_of(relation oid, names text[]) RETURNS text LANGUAGE plpgsql STABLE AS $pgslotplan$ BEGIN
    RETURN (SELECT format('ARRAY[%s]', string_agg(format(CASE WHEN c.is_text THEN 't.%I::text' ELSE 'pg_temp.unwrapped(row(t.%I)::text)' END, c.name),
                                                  ', ' ORDER BY c.place))
            FROM pg_temp.columns_of(relation, names) AS c);
END $pgslotplan$;
-- lo < key <= hi as a WHERE clause over $1 and $2; an open end where one is null
CREATE FUNCTION pg_temp.range_of(relation oid, names text[], lo text[], hi text[]) RETURNS text LANGUAGE plpgsql STABLE AS $pgslotplan$ DECLARE
    list text; ends text;
BEGIN
    SELECT string_agg(format('t.%I', c.name), ', ' ORDER BY c.place), string_agg(format('($)[%s]::%s', c.place, c.own_type), ', ' ORDER BY c.place)
      INTO list, ends FROM pg_temp.columns_of(relation, names) AS c;
    RETURN ' WHERE ' || concat_ws(' AND ', pg_temp.typed(relation, names),
        CASE WHEN lo IS NOT NULL THEN format('(%s) > (%s)', list, replace(ends, '$', '$1')) END,
        CASE WHEN hi IS NOT NULL THEN format('(%s) <= (%s)', list, replace(ends, '$', '$2')) END);
END $pgslotplan$;
CREATE FUNCTION pg_temp.bucket_of(relation oid, key_columns text[], buckets integer) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT format('(hashtextextended(%s, 1) & %s)::integer', pg_temp.common(pg_temp.key_of(relation, key_columns) || '::text'), buckets - 1)
$pgslotplan$;
CREATE FUNCTION pg_temp.digest_of(looked pg_temp.look, digested text[], condition text, lo text[], hi text[],
    OUT row_count bigint, OUT hash_sum numeric) LANGUAGE plpgsql AS $pgslotplan$ BEGIN
    EXECUTE format('SELECT count(*), coalesce(sum(%s), 0) FROM %s AS t%s',
        pg_temp.hash_of(digested), looked.source, condition) USING lo, hi INTO row_count, hash_sum;
END $pgslotplan$;
-- rows and digests of all buckets of a table
CREATE FUNCTION pg_temp.buckets_of(looked pg_temp.look, digested text[], keys text[], buckets integer)
    RETURNS TABLE (bucket integer, row_count bigint, hash_sum numeric) LANGUAGE plpgsql AS $pgslotplan$ BEGIN
    RETURN QUERY EXECUTE format('SELECT %s, count(*), sum(%s) FROM %s AS t WHERE %s GROUP BY 1', pg_temp.bucket_of(looked.relation, keys, buckets),
        pg_temp.hash_of(digested), looked.source, pg_temp.typed(looked.relation, keys));
END $pgslotplan$;
-- all rows of a chunk, or of a table's buckets: key, digest, version
CREATE FUNCTION pg_temp.rows_of(looked pg_temp.look, digested text[], keys text[], condition text, lo text[], hi text[])
    RETURNS TABLE (key text[], hash bigint, version text) LANGUAGE plpgsql AS $pgslotplan$ BEGIN
    RETURN QUERY EXECUTE format('SELECT %s, %s, concat_ws('':'', t.tableoid, t.xmin, t.ctid) FROM %s AS t%s AND %s',
        pg_temp.key_of(looked.relation, keys), pg_temp.hash_of(digested), looked.source, condition, pg_temp.typed(looked.relation, keys)) USING lo, hi;
END $pgslotplan$;
-- the rows of those buckets of a table that differed
CREATE FUNCTION pg_temp.rows_of_buckets(looked pg_temp.look, described pg_temp.exchange)
    RETURNS TABLE (key text[], hash bigint, version text) LANGUAGE sql AS $pgslotplan$
    SELECT r.key, r.hash, r.version FROM pg_temp.rows_of(looked, described.columns, described.key_columns,
        format(' WHERE %s = ANY (%L::integer[])', pg_temp.bucket_of(looked.relation, described.key_columns, described.buckets),
            (SELECT array_agg(e.bucket) FROM pg_temp.exchange AS e WHERE e.kind = 'bucket' AND e.number = described.number)), NULL, NULL) AS r
$pgslotplan$;
-- rows by their keys, those of the lines of kind `wanted` in exchange; a type that is not built in is compared by its text
CREATE FUNCTION pg_temp.lookup(looked pg_temp.look, wanted text, digested text[], keys text[], locking text DEFAULT '')
    RETURNS TABLE (key text[], hash bigint, version text) LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    matches text;
BEGIN
    SELECT string_agg(CASE WHEN c.own_type IS NOT NULL THEN format('t.%I = (e.key)[%s]::%s', c.name, c.place, c.own_type)
                           ELSE format('pg_temp.unwrapped(row(t.%I)::text) COLLATE "C" = (e.key)[%s]', c.name, c.place) END, ' AND ' ORDER BY c.place)
      INTO matches FROM pg_temp.columns_of(looked.relation, keys) AS c;
    RETURN QUERY EXECUTE format('SELECT e.key, %s, concat_ws('':'', t.tableoid, t.xmin, t.ctid)
        FROM pg_temp.exchange AS e JOIN %s AS t ON %s WHERE e.kind = $1 AND e.number = $2 AND %s %s',
        pg_temp.hash_of(digested), looked.source, matches, pg_temp.typed(looked.relation, keys), locking) USING wanted, looked.number;
END $pgslotplan$;
