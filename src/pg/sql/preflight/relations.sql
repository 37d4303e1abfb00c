-- Every relation outside the system's schemas, with what a replication role may do with it. One row a relation.
-- $1 the role that is judged. $2 what a member needs to become the owner: SET, or MEMBER where there is no SET.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: grouped joins, no sub-select runs once a row.
SELECT c.oid,
       n.nspname::text AS schema,
       c.relname::text AS name,
       c.relkind::text AS kind,
       c.relpersistence::text AS persistence,
       c.relreplident::text AS identity,
       c.relispartition AS is_partition,
       c.relrowsecurity AS row_security,
       c.relforcerowsecurity AS forced_row_security,
       (c.relpages::int8 + coalesce(t.relpages, 0)::int8) * bs.bytes AS bytes,
       owner.rolname::text AS owner,
       role.rolsuper OR pg_catalog.pg_has_role(role.oid, c.relowner, 'USAGE') AS owned_by_role,
       c.relkind IN ('r', 'p') AND pg_catalog.has_table_privilege(role.oid, c.oid, 'SELECT') AS role_may_select,
       c.relkind IN ('r', 'p') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS may_select,
       ARRAY(SELECT w.privilege FROM (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS w (privilege)
              WHERE c.relkind IN ('r', 'p') AND c.relacl IS NOT NULL AND NOT pg_catalog.has_table_privilege(c.relowner, c.oid, w.privilege)) AS owner_lacks,
       pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'USAGE') AS owner_uses_schema,
       pg_catalog.pg_has_role(role.oid, c.relowner, $2) AS role_becomes_owner,
       ext.extname::text AS extension
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles owner ON owner.oid = c.relowner
  JOIN pg_catalog.pg_roles role ON role.rolname = $1
 CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::int8 AS bytes) bs
  LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid AND c.reltoastrelid <> 0
  LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
       AND d.objsubid = 0 AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
  LEFT JOIN pg_catalog.pg_extension ext ON ext.oid = d.refobjid
 WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND n.nspname !~ '^pg_(toast|temp)'
