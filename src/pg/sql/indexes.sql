-- Every index that writes must maintain. One row an index; name and columns only where it may identify rows.
-- Versions: 12 to 18. Privileges: none beyond CONNECT; widths as in columns.sql. Locks: none.
-- Cost: one pass over pg_index, its columns unnested and hashed against pg_attribute and pg_stats.
WITH measured AS MATERIALIZED (
    SELECT s.schemaname, s.tablename, s.attname, s.avg_width * (1 - s.null_frac) AS width
      FROM pg_catalog.pg_stats s
     WHERE NOT s.inherited AND s.schemaname NOT IN ('pg_catalog', 'information_schema')
), keys AS (
    SELECT i.indexrelid, i.indrelid, k.ordinality, k.attnum, k.ordinality <= i.indnkeyatts AS is_key
      FROM pg_catalog.pg_index i
     CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k (attnum, ordinality)
     WHERE i.indrelid >= 16384
), shapes AS (
    SELECT k.indexrelid,
           sum(coalesce(m.width, CASE WHEN a.attlen > 0 THEN a.attlen ELSE 16 END))::float8 AS width,
           coalesce(bool_and(a.attnotnull) FILTER (WHERE k.is_key), false) AND bool_and(k.attnum > 0) AS not_null,
           pg_catalog.array_agg(a.attname::text ORDER BY k.ordinality) FILTER (WHERE k.is_key) AS columns
      FROM keys k
      JOIN pg_catalog.pg_class c ON c.oid = k.indrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = k.indrelid AND a.attnum = k.attnum
      LEFT JOIN measured m ON m.schemaname = n.nspname AND m.tablename = c.relname AND m.attname = a.attname
     GROUP BY k.indexrelid
)
SELECT i.indrelid AS oid,
       ic.relname::text AS name,
       am.amname::text AS method,
       s.width,
       ic.relpages::int8 * pg_catalog.current_setting('block_size')::int8 AS bytes,
       i.indisprimary AS is_primary,
       i.indisreplident AS is_identity,
       -- what REPLICA IDENTITY USING INDEX takes, and what a primary key must be to identify rows
       (i.indisunique AND i.indimmediate AND i.indisvalid AND i.indislive AND i.indpred IS NULL
        AND i.indexprs IS NULL AND s.not_null) AS identifies,
       CASE WHEN i.indisunique THEN s.columns END AS columns
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
  JOIN pg_catalog.pg_am am ON am.oid = ic.relam
  JOIN shapes s ON s.indexrelid = i.indexrelid
 WHERE i.indislive AND i.indisready
 ORDER BY i.indrelid, i.indnkeyatts, ic.relpages, ic.relname
