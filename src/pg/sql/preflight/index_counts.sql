-- How many indexes each table has beyond its primary key and replica identity. One row a table that has any.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT i.indrelid AS oid, count(*) AS secondary
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
 WHERE c.oid >= 16384 AND c.relkind = 'r' AND NOT i.indisprimary AND NOT i.indisreplident
 GROUP BY i.indrelid
