-- The publisher's half. Task digest: from the given position on, until the batch's time is over. Task rows: every row of
-- the chunks that differed. Task again: the rows that were seen different, once more; what did not move is different.
-- What is compared of a table: all columns that are stored and published; its key; the part of the key whose order does
-- not depend on a collation, by which it is read in ranges.
CREATE FUNCTION pg_temp.describe(looked pg_temp.look) RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    line pg_temp.exchange; relation oid := looked.relation; row_estimate double precision;
BEGIN
    line.kind := 'table'; line.number := looked.number;
    SELECT coalesce(array_agg(a.attname::text ORDER BY a.attnum), '{}') INTO line.columns
    FROM pg_attribute AS a
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '';
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
            SELECT w.attnum, w.place, (SELECT is_plain FROM pg_temp.columns_of(relation, ARRAY[a.attname::text])) AS is_plain
            FROM unnest(i.attnums) WITH ORDINALITY AS w(attnum, place)
            JOIN pg_attribute AS a ON a.attrelid = relation AND a.attnum = w.attnum) AS c
    ) AS k
    JOIN pg_attribute AS a ON a.attrelid = relation AND a.attnum = k.attnum;
    IF relation IS NULL OR looked.trouble IS NOT NULL THEN
        line.kind := 'skipped';
        line.note := CASE WHEN relation IS NULL THEN 'it does not exist on the publisher' ELSE 'on the publisher ' || looked.trouble END;
    ELSIF looked.fault IS NOT NULL THEN
        line.kind := 'different'; line.note := looked.fault || ' on the publisher';
    ELSIF line.key_columns IS NULL AND current_setting('pgslotplan.mode') = 'live' THEN
        line.kind := 'skipped'; line.note := 'it has no key: it can be compared at rest only';
    END IF;
    line.buckets := 0;
    IF line.key_columns IS NOT NULL AND line.range_columns IS NULL THEN
        SELECT greatest(1, sum(c.reltuples)) INTO row_estimate
        FROM (SELECT relation UNION SELECT relid FROM pg_partition_tree(relation)) AS t(oid) JOIN pg_class AS c ON c.oid = t.oid;
        line.buckets := least(65536, 2 ^ ceil(log(2, greatest(1, row_estimate / current_setting('pgslotplan.chunk_rows')::numeric)::numeric)))::integer;
    END IF;
    RETURN NEXT line;
END $pgslotplan$;
CREATE FUNCTION pg_temp.digest() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    started timestamptz := clock_timestamp();
    batch interval := make_interval(secs => current_setting('pgslotplan.batch_seconds')::double precision);
    chunk_rows bigint := current_setting('pgslotplan.chunk_rows'); is_final boolean := current_setting('pgslotplan.mode') = 'final';
    start_at pg_temp.exchange; described pg_temp.exchange; looked pg_temp.look; line pg_temp.exchange; which integer; boundary text;
    descending text;
BEGIN
    SELECT * INTO start_at FROM pg_temp.exchange WHERE kind = 'next';
    FOR which IN SELECT p.number FROM pg_temp.compared_table AS p
        WHERE current_setting('pgslotplan.slot') IN ('', p.slots[1]) AND p.number >= coalesce(start_at.number, 0) ORDER BY p.number
    LOOP
        IF clock_timestamp() > started + batch AND which > coalesce(start_at.number, -1) THEN
            line := NULL; line.kind := 'next'; line.number := which; RETURN NEXT line; RETURN;
        END IF;
        looked := pg_temp.look_at(which, NULL);
        SELECT * INTO described FROM pg_temp.describe(looked);
        IF is_final AND described.kind = 'table' AND described.range_columns IS NULL AND (CASE WHEN described.key_columns IS NULL
              THEN (SELECT format('%I.%I', schema_name, table_name) FROM pg_temp.compared_table WHERE number = which) = ANY (string_to_array(replace(current_setting('pgslotplan.uncompared'), ' ', ''), ','))
              ELSE pg_table_size(looked.relation) > 1048576 END) THEN
            described.kind := 'skipped';
            described.note := CASE WHEN described.key_columns IS NULL THEN 'it is named in UNCOMPARED' ELSE 'it is too large for the pause, and its newest rows cannot be told' END;
        END IF;
        RETURN NEXT described;
        CONTINUE WHEN described.kind <> 'table';
        IF looked.source IS NULL THEN
            looked := pg_temp.look_at(which, described.columns);
        END IF;
        line := NULL; line.number := which;
        IF described.key_columns IS NULL THEN
            line.kind := 'whole';
            SELECT d.row_count, d.hash_sum INTO line.row_count, line.hash_sum
            FROM pg_temp.digest_of(looked, described.columns, '', NULL, NULL) AS d;
            RETURN NEXT line;
        ELSIF described.buckets > 0 THEN
            line.kind := 'bucket';
            FOR line.bucket, line.row_count, line.hash_sum IN
                SELECT * FROM pg_temp.buckets_of(looked, described.columns, described.key_columns, described.buckets)
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
                EXECUTE format('SELECT %s FROM %s AS t%s ORDER BY %s OFFSET %s LIMIT 1', pg_temp.key_of(looked.relation, described.range_columns),
                    looked.source, pg_temp.range_of(looked.relation, described.range_columns, NULL, NULL), descending, chunk_rows) INTO line.lo;
                SELECT d.row_count, d.hash_sum INTO line.row_count, line.hash_sum FROM pg_temp.digest_of(looked, described.columns,
                    pg_temp.range_of(looked.relation, described.range_columns, line.lo, NULL), line.lo, NULL) AS d;
                RETURN NEXT line;
                CONTINUE;
            END IF;
            LOOP
                line.hi := NULL;
                EXECUTE format('SELECT %s FROM %s AS t%s ORDER BY %s OFFSET %s LIMIT 1', pg_temp.key_of(looked.relation, described.range_columns),
                    looked.source, pg_temp.range_of(looked.relation, described.range_columns, line.lo, NULL), boundary, chunk_rows - 1)
                    USING line.lo INTO line.hi;
                SELECT d.row_count, d.hash_sum INTO line.row_count, line.hash_sum FROM pg_temp.digest_of(looked, described.columns,
                    pg_temp.range_of(looked.relation, described.range_columns, line.lo, line.hi), line.lo, line.hi) AS d;
                RETURN NEXT line;
                EXIT WHEN line.hi IS NULL;
                line.lo := line.hi;
                IF clock_timestamp() > started + batch THEN
                    line.kind := 'next'; line.hi := NULL; line.row_count := NULL; line.hash_sum := NULL; RETURN NEXT line;
                    RETURN;
                END IF;
            END LOOP;
        END IF;
    END LOOP;
END $pgslotplan$;
CREATE FUNCTION pg_temp.rows() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    described pg_temp.exchange; looked pg_temp.look; part pg_temp.exchange; line pg_temp.exchange;
BEGIN
    line.kind := 'row';
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        looked := pg_temp.readable(described);
        line.number := described.number;
        FOR part IN SELECT * FROM pg_temp.exchange AS e WHERE e.kind = 'chunk' AND e.number = described.number LOOP
            FOR line.key, line.a_hash, line.a_version IN
                SELECT * FROM pg_temp.rows_of(looked, described.columns, described.key_columns,
                    pg_temp.range_of(looked.relation, described.range_columns, part.lo, part.hi), part.lo, part.hi)
            LOOP
                RETURN NEXT line;
            END LOOP;
        END LOOP;
        IF described.buckets > 0 THEN
            FOR line.key, line.a_hash, line.a_version IN SELECT * FROM pg_temp.rows_of_buckets(looked, described) LOOP
                RETURN NEXT line;
            END LOOP;
        END IF;
    END LOOP;
END $pgslotplan$;
-- Rows that are seen different, held until the transaction ends, by who may UPDATE them; not those that others have locked: no deadlock.
CREATE FUNCTION pg_temp.hold() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    described pg_temp.exchange; looked pg_temp.look; line pg_temp.exchange;
BEGIN
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        looked := pg_temp.readable(described);
        CREATE TEMP TABLE held ON COMMIT DROP AS SELECT * FROM pg_temp.lookup(looked, 'candidate', described.columns, described.key_columns,
            CASE WHEN looked.source LIKE '(%' THEN '' ELSE 'FOR SHARE OF t SKIP LOCKED' END);
        RETURN NEXT described;
        FOR line IN SELECT * FROM pg_temp.exchange AS e WHERE e.kind = 'candidate' AND e.number = described.number LOOP
            SELECT coalesce(max(h.hash), line.a_hash), coalesce(max(h.version), line.a_version) INTO line.a_hash, line.a_version
            FROM pg_temp.held AS h WHERE h.key = line.key;
            RETURN NEXT line;
        END LOOP;
        DROP TABLE pg_temp.held;
    END LOOP;
END $pgslotplan$;
-- Third read. A row that is the same version as at the first read has not moved: all its changes were applied when the
-- subscriber was read in between. One that was absent both times may have come and gone meanwhile. So it is looked at again:
-- its deletion was applied before the next look, and if the subscriber then still has the same version of it, there was none.
CREATE FUNCTION pg_temp.again() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    described pg_temp.exchange; looked pg_temp.look; seen record; line pg_temp.exchange;
BEGIN
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        looked := pg_temp.readable(described);
        RETURN NEXT described; line := NULL; line.number := described.number;
        FOR seen IN
            SELECT e.key, e.a_hash, e.a_version, e.b_hash, e.b_version, e.stays, now_there.hash, now_there.version
            FROM pg_temp.exchange AS e
            LEFT JOIN pg_temp.lookup(looked, 'candidate', described.columns, described.key_columns) AS now_there ON now_there.key = e.key
            WHERE e.kind = 'candidate' AND e.number = described.number
        LOOP
            line.key := seen.key;
            IF seen.a_version IS NOT DISTINCT FROM seen.version AND (seen.version IS NOT NULL OR seen.stays) THEN
                line.kind := 'different';
                line.note := CASE WHEN seen.version IS NULL THEN 'only on the subscriber' WHEN seen.b_hash IS NULL
                    THEN 'missing on the subscriber' ELSE 'changed' END;
                line.a_hash := NULL; line.a_version := NULL; line.b_version := NULL; RETURN NEXT line;
            ELSIF seen.hash IS DISTINCT FROM seen.b_hash THEN
                line.kind := 'candidate'; line.note := NULL; line.a_hash := seen.hash; line.a_version := seen.version;
                line.b_version := seen.b_version; RETURN NEXT line;
            END IF;
        END LOOP;
    END LOOP;
END $pgslotplan$;
