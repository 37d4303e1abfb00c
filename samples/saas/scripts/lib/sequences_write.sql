-- Standard input: the other server's values. Task write: sets those that are behind; one that is ahead stays. Then writes
-- a line for each that is behind into the file.
CREATE TEMP TABLE theirs (schema_name text, sequence_name text, last_value bigint, is_called boolean, step bigint);
\copy pg_temp.theirs FROM pstdin (FORMAT csv)
CREATE FUNCTION pg_temp.behind() RETURNS TABLE (schema_name text, sequence_name text, last_value bigint, is_called boolean, is_missing boolean, note text)
LANGUAGE sql STABLE AS $pgslotplan$
SELECT t.schema_name, t.sequence_name, t.last_value, t.is_called, m.sequence_name IS NULL AS is_missing,
       CASE WHEN m.sequence_name IS NULL THEN 'it is missing'
            ELSE format('its next value is %s, but %s on the other server', m.last_value + CASE WHEN m.is_called THEN m.step ELSE 0 END::numeric,
                        t.last_value + CASE WHEN t.is_called THEN t.step ELSE 0 END::numeric) END AS note
FROM pg_temp.theirs AS t LEFT JOIN pg_temp.mine AS m USING (schema_name, sequence_name)
WHERE m.sequence_name IS NULL
   OR (t.last_value + CASE WHEN t.is_called THEN t.step ELSE 0 END::numeric - m.last_value - CASE WHEN m.is_called THEN m.step ELSE 0 END::numeric) * sign(t.step) > 0
$pgslotplan$;
SELECT :'task' = 'write' AS is_write \gset
\if :is_write
DO $pgslotplan$ DECLARE
    item record;
BEGIN
    FOR item IN SELECT * FROM pg_temp.behind() WHERE NOT is_missing LOOP
        PERFORM setval(format('%I.%I', item.schema_name, item.sequence_name)::regclass, item.last_value, item.is_called);
        UPDATE pg_temp.mine AS m SET last_value = item.last_value, is_called = item.is_called
        WHERE m.schema_name = item.schema_name AND m.sequence_name = item.sequence_name;
    END LOOP;
END $pgslotplan$;
\endif
\ir behind.sql
\o :behind
COPY (SELECT 'sequence', regexp_replace(format('%I.%I', schema_name, sequence_name), '[[:cntrl:]]', '?', 'g'), NULL::text, note
      FROM pg_temp.behind() ORDER BY 2) TO STDOUT (FORMAT csv);
\o
