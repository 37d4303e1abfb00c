-- Columns of every table. One row a table; the arrays run in step.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
-- Cost: one pass over pg_attribute, hashed (an ORDER BY inside the aggregates would sort all of it).
SELECT a.attrelid AS oid,
       pg_catalog.array_agg(a.attname::text) AS names,
       pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod)) AS types,
       pg_catalog.array_agg(a.attnotnull) AS not_null,
       pg_catalog.array_agg(a.atthasdef OR a.attidentity <> '') AS has_default,
       pg_catalog.array_agg(a.attgenerated <> '') AS generated,
       pg_catalog.array_agg(a.atttypid NOT IN ({types_without_equality})) AS comparable,
       pg_catalog.array_agg(a.attlen = -1 AND a.attstorage <> 'p') AS toastable
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   AND a.attrelid >= 16384
 GROUP BY a.attrelid
