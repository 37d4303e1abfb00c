-- The subscriber's half. Task digest: which chunks differ. Task rows: which of their rows differ. Task again: which rows
-- that were different still are.
-- What the subscriber lacks of a table.
CREATE FUNCTION pg_temp.lacking(described pg_temp.exchange) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT CASE WHEN pg_temp.oid_of(described.number) IS NULL THEN 'it does not exist on the subscriber'
        ELSE (SELECT 'the subscriber lacks its columns ' || string_agg(format('%I', name), ', ') FROM unnest(described.columns) AS name
              WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = pg_temp.oid_of(described.number)
                AND a.attname = name AND a.attnum > 0 AND NOT a.attisdropped)) END
$pgslotplan$;
CREATE FUNCTION pg_temp.digest() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    described pg_temp.exchange;
    part pg_temp.exchange;
    here record;
BEGIN
    RETURN QUERY SELECT * FROM pg_temp.exchange WHERE kind = 'skipped';
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' ORDER BY number LOOP
        described.note := pg_temp.lacking(described);
        IF described.note IS NOT NULL THEN
            described.kind := 'different'; RETURN NEXT described;
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
                part := NULL; part.kind := 'bucket'; part.number := described.number; part.bucket := here.bucket;
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
END $pgslotplan$;
CREATE FUNCTION pg_temp.rows() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
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
        line := NULL; line.kind := 'candidate'; line.number := described.number;
        FOR line.key, line.a_hash, line.a_version, line.b_hash, line.b_version IN
            SELECT coalesce(e.key, h.key), e.a_hash, e.a_version, h.hash, h.version
            FROM (SELECT * FROM pg_temp.exchange WHERE kind = 'row' AND number = described.number) AS e
            FULL JOIN pg_temp.here AS h ON h.key = e.key
            WHERE h.hash IS DISTINCT FROM e.a_hash
        LOOP
            RETURN NEXT line;
        END LOOP;
    END LOOP;
END $pgslotplan$;
CREATE FUNCTION pg_temp.again() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    described pg_temp.exchange;
    line pg_temp.exchange;
BEGIN
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        RETURN NEXT described; line := NULL; line.kind := 'candidate'; line.number := described.number;
        FOR line.key, line.a_hash, line.a_version, line.b_hash, line.b_version, line.stays IN
            SELECT e.key, e.a_hash, e.a_version, h.hash, h.version, coalesce(h.version = e.b_version, false)
            FROM pg_temp.exchange AS e
            LEFT JOIN pg_temp.lookup(described.number, 'candidate', described.columns, described.key_columns) AS h ON h.key = e.key
            WHERE e.kind = 'candidate' AND e.number = described.number AND h.hash IS DISTINCT FROM e.a_hash
        LOOP
            RETURN NEXT line;
        END LOOP;
    END LOOP;
END $pgslotplan$;
