-- Valid indexes of the given tables ($1, oids), without their names and those of their tables. One row an index.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT /* pgslotplan baseline */ i.indexrelid AS oid, i.indrelid AS table_oid, c.relname::text AS name, i.indisunique AS is_unique,
       regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? USING ', 'USING ') AS definition
  FROM unnest($1) AS asked (oid)
  JOIN pg_index AS i ON i.indrelid = asked.oid
  JOIN pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indisvalid
 ORDER BY c.relname
