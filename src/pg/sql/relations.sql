-- Every relation that holds or shows rows, outside the system's schemas and the one in which the scripts of a running
-- migration remember what they did. One row a relation.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none (pg_class only; sizes here are relpages, see
-- sizes.sql for true ones). Cost: grouped joins, no sub-select runs once a row.
SELECT c.oid,
       n.nspname::text AS schema,
       c.relname::text AS name,
       c.relkind::text AS kind,
       c.relpersistence::text AS persistence,
       c.relreplident::text AS identity,
       c.relispartition AS is_partition,
       c.reltuples::float8 AS rows_estimate,
       c.relpages::int8 * bs.bytes AS heap_bytes,
       coalesce(t.relpages, 0)::int8 * bs.bytes AS toast_bytes,
       ext.extname::text AS extension
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::int8 AS bytes) bs
  LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid AND c.reltoastrelid <> 0
  LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
       AND d.objsubid = 0 AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
  LEFT JOIN pg_catalog.pg_extension ext ON ext.oid = d.refobjid
 WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgslotplan')
   AND n.nspname !~ '^pg_toast'
