-- Number, guessed width and oddities of the columns of every table. One row a table.
-- A type's width is guessed as the planner's get_typavgwidth does it; widths.sql has measured ones.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: one pass over pg_attribute, hashed (an ORDER BY
-- inside the aggregate would sort all of it).
SELECT a.attrelid AS oid,
       count(*)::int8 AS column_count,
       sum(CASE WHEN a.attlen > 0 THEN a.attlen
                WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 4 THEN
                     CASE WHEN a.atttypid = 1042 OR a.atttypmod <= 36 THEN a.atttypmod - 4
                          ELSE 32 + (least(a.atttypmod - 4, 1000) - 32) / 2 END
                WHEN a.atttypid = 1700 THEN 8
                ELSE 32 END)::float8 AS guessed_width,
       -- both in the same order
       pg_catalog.array_agg(a.attname::text) FILTER (WHERE a.attgenerated <> '') AS generated,
       pg_catalog.array_agg(a.attnum) FILTER (WHERE a.attgenerated <> '') AS generated_numbers,
       pg_catalog.array_agg(a.attname::text) FILTER (WHERE a.atttypid IN ({types_without_equality})) AS incomparable
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
   AND a.attrelid >= 16384
 GROUP BY a.attrelid
