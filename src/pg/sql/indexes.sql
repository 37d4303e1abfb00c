-- Every index that writes must maintain. One row an index.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none (no index is opened).
-- Cost: one pass over pg_index, its columns unnested and hashed against pg_attribute.
WITH shapes AS (
    SELECT i.indexrelid,
           sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE 16 END)::float8 AS guessed_width,
           coalesce(bool_and(a.attnotnull) FILTER (WHERE k.ordinality <= i.indnkeyatts), false) AS not_null,
           pg_catalog.array_agg(a.attname::text ORDER BY k.ordinality)
               FILTER (WHERE i.indisunique AND k.ordinality <= i.indnkeyatts) AS columns
      FROM pg_catalog.pg_index i
     CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k (attnum, ordinality)
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid >= 16384
     GROUP BY i.indexrelid
)
SELECT i.indrelid AS oid,
       ic.relname::text AS name,
       am.amname::text AS method,
       i.indkey::int2[] AS numbers,
       i.indnkeyatts::int8 AS key_count,
       s.guessed_width,
       ic.relpages::int8 * pg_catalog.current_setting('block_size')::int8 AS bytes,
       i.indisprimary AS is_primary,
       i.indisreplident AS is_identity,
       -- what REPLICA IDENTITY USING INDEX takes, and what a primary key must be to identify rows
       (i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
        AND s.not_null) AS identifies,
       s.columns
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
  JOIN pg_catalog.pg_am am ON am.oid = ic.relam
  JOIN shapes s ON s.indexrelid = i.indexrelid
 WHERE i.indislive AND i.indisready
 ORDER BY i.indrelid, i.indnkeyatts, ic.relpages, ic.relname
