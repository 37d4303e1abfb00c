-- The subscriber's half. Task digest: which chunks differ. Task rows: which of their rows differ. Task again: which rows
-- that were different still are.
-- What the subscriber lacks of a table.
CREATE FUNCTION pg_temp.lacking(described pg_temp.exchange, looked pg_temp.look) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT coalesce(looked.fault || ' on the subscriber',
        (SELECT 'the subscriber lacks its columns ' || string_agg(format('%I', name), ', ') FROM unnest(described.columns) AS name
         WHERE NOT EXISTS (SELECT FROM pg_temp.columns_of(looked.relation, ARRAY[name]))),
        (SELECT format('its key column %I is of type %s on the subscriber, by which ranges cannot be read', name, format_type(type, NULL))
         FROM pg_temp.columns_of(looked.relation, described.range_columns) WHERE NOT is_plain ORDER BY place LIMIT 1))
$pgslotplan$;
CREATE FUNCTION pg_temp.digest() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    described pg_temp.exchange; looked pg_temp.look; part pg_temp.exchange; here record;
BEGIN
    RETURN QUERY SELECT * FROM pg_temp.exchange WHERE kind = 'skipped';
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' ORDER BY number LOOP
        looked := pg_temp.look_at(described.number, described.columns);
        described.note := pg_temp.lacking(described, looked);
        IF described.note IS NOT NULL THEN
            described.kind := 'different'; RETURN NEXT described;
            CONTINUE;
        ELSIF looked.trouble IS NOT NULL THEN
            described.kind := 'skipped'; described.note := 'on the subscriber ' || looked.trouble; RETURN NEXT described;
            CONTINUE;
        END IF;
        RETURN NEXT described;
        IF described.buckets > 0 THEN
            FOR here IN
                SELECT coalesce(h.bucket, e.bucket) AS bucket FROM pg_temp.buckets_of(looked, described.columns, described.key_columns, described.buckets) AS h
                FULL JOIN (SELECT * FROM pg_temp.exchange AS x WHERE x.kind = 'bucket' AND x.number = described.number) AS e ON e.bucket = h.bucket
                WHERE (h.row_count, h.hash_sum) IS DISTINCT FROM (e.row_count, e.hash_sum)
            LOOP
                part := NULL; part.kind := 'bucket'; part.number := described.number; part.bucket := here.bucket;
                RETURN NEXT part;
            END LOOP;
        END IF;
        FOR part IN SELECT * FROM pg_temp.exchange AS e WHERE e.kind IN ('chunk', 'whole') AND e.number = described.number LOOP
            SELECT d.row_count, d.hash_sum INTO here FROM pg_temp.digest_of(looked, described.columns,
                CASE WHEN part.kind = 'chunk' THEN pg_temp.range_of(looked.relation, described.range_columns, part.lo, part.hi) ELSE '' END,
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
    described pg_temp.exchange; looked pg_temp.look; part pg_temp.exchange; line pg_temp.exchange;
BEGIN
    CREATE TEMP TABLE here (key text[], hash bigint, version text);
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        looked := pg_temp.readable(described);
        RETURN NEXT described;
        TRUNCATE pg_temp.here;
        FOR part IN SELECT * FROM pg_temp.exchange AS e WHERE e.kind = 'chunk' AND e.number = described.number LOOP
            INSERT INTO pg_temp.here SELECT r.key, r.hash, r.version FROM pg_temp.rows_of(looked, described.columns, described.key_columns,
                pg_temp.range_of(looked.relation, described.range_columns, part.lo, part.hi), part.lo, part.hi) AS r;
        END LOOP;
        IF described.buckets > 0 THEN
            INSERT INTO pg_temp.here SELECT r.key, r.hash, r.version FROM pg_temp.rows_of_buckets(looked, described) AS r;
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
    described pg_temp.exchange; looked pg_temp.look; line pg_temp.exchange;
BEGIN
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        looked := pg_temp.readable(described);
        RETURN NEXT described; line := NULL; line.kind := 'candidate'; line.number := described.number;
        FOR line.key, line.a_hash, line.a_version, line.b_hash, line.b_version, line.stays IN
            SELECT e.key, e.a_hash, e.a_version, h.hash, h.version, coalesce(h.version = e.b_version, false)
            FROM pg_temp.exchange AS e
            LEFT JOIN pg_temp.lookup(looked, 'candidate', described.columns, described.key_columns) AS h ON h.key = e.key
            WHERE e.kind = 'candidate' AND e.number = described.number AND h.hash IS DISTINCT FROM e.a_hash
        LOOP
            RETURN NEXT line;
        END LOOP;
    END LOOP;
END $pgslotplan$;
