SET check_function_bodies = on;
\copy pg_temp.exchange FROM pstdin (FORMAT csv)
ANALYZE pg_temp.exchange;
CREATE TEMP TABLE result AS SELECT * FROM pg_temp.checked(:'task');
CREATE FUNCTION pg_temp.shown() RETURNS TABLE (what text, name text, key text, note text) LANGUAGE sql STABLE AS $pgslotplan$
SELECT CASE r.kind WHEN 'skipped' THEN 'skipped' ELSE 'different' END AS what,
       regexp_replace(format('table %I.%I', p.schema_name, p.table_name), '[[:cntrl:]]', '?', 'g') AS name,
       regexp_replace(r.key::text, '[[:cntrl:]]', '?', 'g') AS key, regexp_replace(r.note, '[[:cntrl:]]', '?', 'g') AS note
FROM pg_temp.result AS r JOIN pg_temp.compared_table AS p ON p.number = r.number WHERE r.kind IN ('different', 'skipped')
$pgslotplan$;
\ir out.sql
\o :out
COPY (SELECT * FROM pg_temp.result WHERE kind NOT IN ('different', 'skipped', 'next')) TO STDOUT (FORMAT csv);
\set file :out '.next'
\o :file
COPY (SELECT * FROM pg_temp.result WHERE kind = 'next') TO STDOUT (FORMAT csv);
\set file :out '.found'
\o :file
COPY (SELECT * FROM pg_temp.shown() ORDER BY what, name, key) TO STDOUT (FORMAT csv);
\set file :out '.exact'
\o :file
COPY (SELECT * FROM pg_temp.result WHERE kind = 'different' AND key IS NOT NULL) TO STDOUT (FORMAT csv);
\set file :out '.status'
\o :file
COPY (SELECT count(*) FILTER (WHERE kind = 'table'), count(*) FILTER (WHERE kind IN ('chunk', 'bucket', 'whole')),
             coalesce(sum(row_count), 0), count(*) FILTER (WHERE kind IN ('candidate', 'chunk', 'bucket'))
      FROM pg_temp.result) TO STDOUT (DELIMITER ' ');
\o
