-- Declared foreign keys, of tables of every persistence; the copies that partitions inherit are left out. One row a
-- constraint. Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT k.conname::text AS name,
       fn.nspname::text AS from_schema,
       f.relname::text AS from_name,
       tn.nspname::text AS to_schema,
       t.relname::text AS to_name
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class f ON f.oid = k.conrelid
  JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = k.confrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0
