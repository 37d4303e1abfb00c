-- True size of all indexes of each permanent table. One row a table.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: ACCESS SHARE on each index for an instant.
-- Cost: one stat() per index and segment; left out above 5,000 tables, where relpages stand in.
SELECT i.indrelid AS oid,
       coalesce(sum(pg_catalog.pg_relation_size(i.indexrelid)), 0)::int8 AS index_bytes
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
 WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.oid >= 16384
 GROUP BY i.indrelid
