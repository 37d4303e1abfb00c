-- The subscriber's half of copying rows again: what the publisher holds, on standard input, replaces what is here, in one transaction. A
-- row that the publisher does not have goes when it is still the version that was seen before the publisher was looked at.
\ir subscriber.sql
\ir require_mark.sql
\ir before_cutover.sql
SELECT set_config('pgslotplan.slot', :'slot', false) AS slot, set_config('pgslotplan.mode', 'live', false) AS mode \gset
-- neither triggers nor cascades of foreign keys run
SELECT pg_temp.refuse(CASE WHEN current_setting('session_replication_role') <> 'replica' THEN ARRAY['session_replication_role is ' || current_setting('session_replication_role')] END,
  'reason against writing rows as they came', 'Run this as a superuser, or copy the table again.') AS refused \gset
\ir compare.sql
\copy pg_temp.exchange FROM pstdin (FORMAT csv)
DELETE FROM pg_temp.planned_relation AS p WHERE NOT EXISTS (SELECT FROM pg_temp.compared_table AS c JOIN pg_temp.exchange AS e ON e.number = c.number
  WHERE c.schema_name = p.schema_name AND c.table_name = p.table_name);
\ir functions_loaded.sql
CREATE FUNCTION pg_temp.mend() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$ DECLARE
    described pg_temp.exchange; looked pg_temp.look; line pg_temp.exchange; matches text; into_columns text; from_values text; changed bigint;
BEGIN
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' ORDER BY number LOOP
        looked := pg_temp.readable(described);
        SELECT string_agg(CASE WHEN c.own_type IS NOT NULL THEN format('t.%I = (e.key)[%s]::%s', c.name, c.place, c.own_type)
                               ELSE format('pg_temp.unwrapped(row(t.%I)::text) COLLATE "C" = (e.key)[%s]', c.name, c.place) END, ' AND ' ORDER BY c.place)
          INTO matches FROM pg_temp.columns_of(looked.relation, described.key_columns) AS c;
        SELECT string_agg(format('%I', a.attname), ', ' ORDER BY w.place), string_agg(format('(e.lo)[%s]::%s', w.place, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY w.place)
          INTO into_columns, from_values
        FROM unnest(described.columns) WITH ORDINALITY AS w(name, place)
        JOIN pg_attribute AS a ON a.attrelid = looked.relation AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped;
        EXECUTE format('DELETE FROM %s AS t USING pg_temp.exchange AS e WHERE e.number = $1 AND %s AND %s
            AND (e.kind = ''value'' OR e.kind = ''absent'' AND concat_ws('':'', t.tableoid, t.xmin, t.ctid) = e.b_version)',
            looked.source, pg_temp.typed(looked.relation, described.key_columns), matches) USING described.number;
        GET DIAGNOSTICS changed = ROW_COUNT;
        EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM pg_temp.exchange AS e WHERE e.kind = ''value'' AND e.number = $1',
            replace(looked.source, 'ONLY ', ''), into_columns, from_values) USING described.number;
        line.kind := 'mended'; line.number := described.number; line.row_count := changed;
        RETURN NEXT line;
    END LOOP;
END $pgslotplan$;
CREATE TEMP TABLE result AS SELECT * FROM pg_temp.checked('mend');
