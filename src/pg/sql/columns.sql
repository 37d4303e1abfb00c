-- Width, number and oddities of the columns of every table. One row a table.
-- Versions: 12 to 18. Privileges: none beyond CONNECT; measured widths come from pg_stats, which shows only columns that
-- the role may SELECT. Without them a type's width stands in, as the planner's get_typavgwidth guesses it.
-- Locks: none. Cost: one pass over pg_attribute and one over pg_stats, hashed together.
WITH measured AS MATERIALIZED (
    SELECT s.schemaname, s.tablename, s.attname, s.avg_width * (1 - s.null_frac) AS width
      FROM pg_catalog.pg_stats s
     WHERE NOT s.inherited AND s.schemaname NOT IN ('pg_catalog', 'information_schema')
), columns AS MATERIALIZED (
    SELECT a.attrelid, a.attnum, a.attname, a.attgenerated,
           m.width AS measured,
           CASE WHEN a.attlen > 0 THEN a.attlen
                WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 4 THEN
                     CASE WHEN a.atttypid = 1042 OR a.atttypmod <= 36 THEN a.atttypmod - 4
                          ELSE 32 + (least(a.atttypmod - 4, 1000) - 32) / 2 END
                WHEN a.atttypid = 1700 THEN 8
                ELSE 32 END AS guessed
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN measured m ON m.schemaname = n.nspname AND m.tablename = c.relname AND m.attname = a.attname
     WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
       AND a.attrelid >= 16384
)
SELECT k.attrelid AS oid,
       count(*)::int8 AS column_count,
       sum(coalesce(k.measured, k.guessed))::float8 AS width,
       count(k.measured)::int8 AS measured_count,
       pg_catalog.array_agg(k.attname::text ORDER BY k.attnum) FILTER (WHERE k.attgenerated = 's') AS generated
  FROM columns k
 GROUP BY k.attrelid
