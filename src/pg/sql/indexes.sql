-- Every index that writes must maintain, table by table. One row an index; the names of its columns only where they identify rows.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none (no index is opened).
-- Cost: one pass over pg_index and one over pg_class; only the columns of unique indexes are looked up.
WITH owned AS MATERIALIZED (
    SELECT i.*,
           -- what REPLICA IDENTITY USING INDEX takes, and what a primary key must be to identify rows
           i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AS may_identify
      FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
     WHERE i.indislive AND i.indisready AND c.oid >= 16384 AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
), identifying AS (
    SELECT o.indexrelid, pg_catalog.array_agg(a.attname::text ORDER BY k.ordinality) AS columns
      FROM owned o
     CROSS JOIN LATERAL pg_catalog.unnest(o.indkey[0:o.indnkeyatts - 1]) WITH ORDINALITY AS k (attnum, ordinality)
      -- OFFSET 0 keeps this a look-up by index: hashing all of pg_attribute takes three times as long
     CROSS JOIN LATERAL (SELECT a.attname, a.attnotnull FROM pg_catalog.pg_attribute a
                          WHERE a.attrelid = o.indrelid AND a.attnum = k.attnum OFFSET 0) a
     WHERE o.may_identify
     GROUP BY o.indexrelid
    HAVING bool_and(a.attnotnull)
)
SELECT o.indrelid AS oid,
       ic.relname::text AS name,
       am.amname::text AS method,
       o.indkey::int2[] AS numbers,
       o.indnkeyatts::int8 AS key_count,
       ic.relpages::int8 * pg_catalog.current_setting('block_size')::int8 AS bytes,
       o.indisprimary AS is_primary,
       o.indisreplident AS is_identity,
       s.columns
  FROM owned o
  JOIN pg_catalog.pg_class ic ON ic.oid = o.indexrelid
  JOIN pg_catalog.pg_am am ON am.oid = ic.relam
  LEFT JOIN identifying s ON s.indexrelid = o.indexrelid
 ORDER BY o.indrelid
