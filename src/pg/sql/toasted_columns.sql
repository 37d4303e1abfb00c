-- Columns of the given tables whose values may be large, of types whose text is the server's own business: a type that a
-- user made could run a user's code. Only tables that the role may read and that have no row-level security. One row a
-- table. $1 tables (oid).
-- Versions: 12 to 18. Privileges: none beyond CONNECT; without SELECT on a table it is not there. Locks: none.
SELECT c.oid, pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS columns,
       bool_or(a.atttypid = 3802) AS has_jsonb
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
 WHERE c.oid = ANY ($1) AND c.relkind = 'r' AND NOT c.relrowsecurity
   AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage IN ('x', 'e', 'm')
   AND a.atttypid IN (17, 25, 114, 142, 1042, 1043, 3802) -- bytea, text, json, xml, char, varchar, jsonb
   AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
   AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
 GROUP BY c.oid
