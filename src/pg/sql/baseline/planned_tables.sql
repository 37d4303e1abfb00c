-- The given tables ($1 schemas, $2 names): their size, and the root that they are partitions of. One row a table.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: ACCESS SHARE for a moment.
SELECT /* pgslotplan baseline */ c.oid, n.nspname::text AS schema, c.relname::text AS name, rn.nspname::text AS root_schema, rc.relname::text AS root_name,
       coalesce(pg_relation_size(c.oid), 0)::float8 AS bytes
  FROM unnest($1, $2) AS asked (schema, name)
  JOIN pg_namespace AS n ON n.nspname::text = asked.schema
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname::text = asked.name AND c.relkind IN ('r', 'p', 'm')
  LEFT JOIN pg_class AS rc ON c.relispartition AND rc.oid = pg_partition_root(c.oid)
  LEFT JOIN pg_namespace AS rn ON rn.oid = rc.relnamespace
 ORDER BY 2, 3
