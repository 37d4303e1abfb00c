-- Width of each column of the given tables: measured by ANALYZE where the role may see it, NULL elsewhere, and guessed
-- from the type. One row a table. $1 tables (oid), $2 their names, which lets the view start from an index.
-- Versions: 12 to 18. Privileges: pg_stats shows only columns that the role may SELECT (pg_read_all_data, 14 and later,
-- or GRANT SELECT). Locks: none. Cost: has_column_privilege runs once a column and loads it into the backend's cache,
-- about 20 us each: hence only for tables that matter.
-- text_widths is what a value takes on the wire: numbers by the lengths of those that ANALYZE kept (only the lengths leave
-- the server), times and the like by their format, the rest by its stored width without header.
SELECT a.attrelid AS oid,
       pg_catalog.array_agg(a.attnum) AS numbers,
       pg_catalog.array_agg((m.avg_width * (1 - m.null_frac))::float8) AS measured,
       pg_catalog.array_agg(a.attlen) AS lengths,
       pg_catalog.array_agg((CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END)::float8) AS alignments,
       pg_catalog.array_agg(m.null_frac::float8) AS null_shares,
       pg_catalog.array_agg(m.correlation::float8) AS correlations,
       pg_catalog.array_agg((CASE WHEN a.attlen > 0 THEN a.attlen
                WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 4 THEN
                     CASE WHEN a.atttypid = 1042 OR a.atttypmod <= 36 THEN a.atttypmod - 4
                          ELSE 32 + (least(a.atttypmod - 4, 1000) - 32) / 2 END
                WHEN a.atttypid = 1700 THEN 8
                ELSE 32 END)::float8) AS guessed,
       pg_catalog.array_agg((CASE a.atttypid
                WHEN 16 THEN 1 WHEN 1082 THEN 10 WHEN 1083 THEN 15 WHEN 1114 THEN 26 WHEN 1184 THEN 29 WHEN 2950 THEN 36
                WHEN 17 THEN 2 * coalesce(m.avg_width, 32)
                ELSE CASE WHEN a.atttypid IN (20, 21, 23, 26, 700, 701, 1700) THEN
                               -- braces and a comma between two
                               coalesce((coalesce(pg_catalog.length(m.histogram_bounds::text), 1)
                                         + coalesce(pg_catalog.length(m.most_common_vals::text), 1)
                                         - 2 - m.kept)::float8 / nullif(m.kept, 0),
                                        CASE a.atttypid WHEN 20 THEN 8 WHEN 21 THEN 2 WHEN 23 THEN 5 ELSE 7 END)
                          WHEN a.attlen < 0 THEN m.avg_width - CASE WHEN m.avg_width < 127 THEN 1 ELSE 4 END
                END END)::float8) AS text_widths
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN (SELECT s.schemaname, s.tablename, s.attname, s.avg_width::float8 AS avg_width, s.null_frac, s.correlation,
                    s.histogram_bounds, s.most_common_vals,
                    coalesce(pg_catalog.array_length(s.histogram_bounds, 1), 0)
                    + coalesce(pg_catalog.array_length(s.most_common_vals, 1), 0) AS kept
               FROM pg_catalog.pg_stats s
              WHERE NOT s.inherited AND s.tablename = ANY ($2::name[])) m
         ON m.schemaname = n.nspname AND m.tablename = c.relname AND m.attname = a.attname
 WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ANY ($1)
 GROUP BY a.attrelid
