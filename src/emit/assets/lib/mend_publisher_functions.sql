-- Task named: rows that a comparison found different, with what the publisher has of them now. Task hold_values: their values, held
-- until the transaction ends, by who may UPDATE them; what somebody else has locked is left for another time.
CREATE FUNCTION pg_temp.named() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    which integer; looked pg_temp.look; described pg_temp.exchange; line pg_temp.exchange;
BEGIN
    FOR which IN SELECT DISTINCT e.number FROM pg_temp.exchange AS e JOIN pg_temp.compared_table AS p ON p.number = e.number
        WHERE e.kind = 'different' AND p.slots[1] = current_setting('pgslotplan.slot') ORDER BY 1
    LOOP
        looked := pg_temp.look_at(which, NULL);
        SELECT * INTO described FROM pg_temp.describe(looked);
        RETURN NEXT described;
        CONTINUE WHEN described.kind <> 'table' OR described.key_columns IS NULL OR looked.source IS NULL;
        line := NULL; line.kind := 'candidate'; line.number := which;
        FOR line.key, line.a_hash, line.a_version IN
            SELECT DISTINCT ON (e.key) e.key, there.hash, there.version FROM pg_temp.exchange AS e
            LEFT JOIN pg_temp.lookup(looked, 'different', described.columns, described.key_columns) AS there ON there.key = e.key
            WHERE e.kind = 'different' AND e.number = which AND cardinality(e.key) = cardinality(described.key_columns) ORDER BY e.key
        LOOP
            RETURN NEXT line;
        END LOOP;
    END LOOP;
END $pgslotplan$;
-- the values of one row of t as text[], as an expression; NULL and '' stay apart
CREATE FUNCTION pg_temp.values_of(names text[]) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT format('ARRAY[%s]::text[]', string_agg(format('CASE WHEN row(t.%I)::text = ''()'' THEN NULL ELSE pg_temp.unwrapped(row(t.%I)::text) END', name, name), ', ' ORDER BY place))
    FROM unnest(names) WITH ORDINALITY AS w(name, place)
$pgslotplan$;
CREATE FUNCTION pg_temp.hold_values() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    described pg_temp.exchange; looked pg_temp.look; line pg_temp.exchange; matches text;
BEGIN
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        looked := pg_temp.readable(described);
        CONTINUE WHEN looked.source LIKE '(%';
        RETURN NEXT described;
        CREATE TEMP TABLE held ON COMMIT DROP AS SELECT * FROM pg_temp.lookup(looked, 'candidate', described.columns, described.key_columns, 'FOR SHARE OF t SKIP LOCKED');
        CREATE TEMP TABLE there ON COMMIT DROP AS SELECT * FROM pg_temp.lookup(looked, 'candidate', described.columns, described.key_columns);
        SELECT string_agg(CASE WHEN c.own_type IS NOT NULL THEN format('t.%I = (e.key)[%s]::%s', c.name, c.place, c.own_type)
                               ELSE format('pg_temp.unwrapped(row(t.%I)::text) COLLATE "C" = (e.key)[%s]', c.name, c.place) END, ' AND ' ORDER BY c.place)
          INTO matches FROM pg_temp.columns_of(looked.relation, described.key_columns) AS c;
        line := NULL; line.kind := 'value'; line.number := described.number;
        FOR line.key, line.a_hash, line.lo IN EXECUTE format('SELECT e.key, e.hash, %s FROM pg_temp.held AS e JOIN %s AS t ON %s WHERE %s',
            pg_temp.values_of(described.columns), looked.source, matches, pg_temp.typed(looked.relation, described.key_columns))
        LOOP
            RETURN NEXT line;
        END LOOP;
        line := NULL; line.kind := 'absent'; line.number := described.number;
        FOR line.key, line.b_version IN SELECT e.key, e.b_version FROM pg_temp.exchange AS e
            WHERE e.kind = 'candidate' AND e.number = described.number AND NOT EXISTS (SELECT FROM pg_temp.there AS o WHERE o.key = e.key)
        LOOP
            RETURN NEXT line;
        END LOOP;
        DROP TABLE pg_temp.held, pg_temp.there;
    END LOOP;
END $pgslotplan$;
