-- Follows wal_records_*.sql: from file numbers to tables. One row a table, relation and kind of record; records of files
-- that are no permanent table's (any more) are not there.
SELECT coalesce(of_index.oid, toast.owner, c.oid) AS oid,
       CASE WHEN toast.owner IS NOT NULL THEN CASE WHEN i.indexrelid IS NULL THEN 'toast' ELSE 'toast index' END
            WHEN i.indexrelid IS NOT NULL THEN 'index' ELSE 'heap' END AS part,
       b.record_type, sum(b.records)::int8 AS records, sum(b.row_changes)::int8 AS row_changes,
       sum(b.bytes)::int8 AS bytes, sum(b.image_bytes)::int8 AS image_bytes
  FROM blocks b
 CROSS JOIN LATERAL (SELECT pg_catalog.pg_filenode_relation(b.reltablespace, b.relfilenode)::pg_catalog.oid AS oid) f
  JOIN pg_catalog.pg_class c ON c.oid = f.oid
  LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
  LEFT JOIN pg_catalog.pg_class h ON h.oid = coalesce(i.indrelid, c.oid)
  LEFT JOIN LATERAL (SELECT o.oid AS owner FROM pg_catalog.pg_class o
                      WHERE h.relkind = 't' AND o.reltoastrelid = h.oid
                        -- a TOAST table bears its owner's oid, which spares a pass over pg_class
                        AND o.oid = pg_catalog.substring(h.relname, '\d+$')::pg_catalog.oid) toast ON true
  LEFT JOIN pg_catalog.pg_class of_index ON of_index.oid = i.indrelid AND h.relkind = 'r'
 WHERE h.relkind IN ('r', 't') AND c.oid >= 16384
 GROUP BY 1, 2, 3
