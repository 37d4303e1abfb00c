-- Labels of enumerated types. One row a type.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT n.nspname::text AS schema, t.typname::text AS name,
       pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder) AS labels
  FROM pg_catalog.pg_enum e
  JOIN pg_catalog.pg_type t ON t.oid = e.enumtypid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
 GROUP BY n.nspname, t.typname
