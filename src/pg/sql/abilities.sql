-- What the role may do to see WAL itself. One row. $1 the function of pg_walinspect that is used.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: below 1 ms.
-- Providers give replication through a role of theirs: membership counts as the attribute does.
SELECT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) AS superuser,
       (SELECT r.rolreplication FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
       OR EXISTS (SELECT FROM pg_catalog.pg_roles r
                   WHERE r.rolname IN ('rds_replication', 'rds_superuser', 'azure_pg_admin', 'cloudsqlsuperuser')
                     AND pg_catalog.pg_has_role(r.oid, 'USAGE') AND r.rolname <> 'cloudsqlsuperuser') AS replicates,
       pg_catalog.quote_ident(n.nspname) AS wal_schema,
       coalesce((SELECT pg_catalog.bool_and(pg_catalog.has_function_privilege(p.oid, 'EXECUTE'))
                   FROM pg_catalog.pg_proc p
                  WHERE p.pronamespace = n.oid
                    AND p.proname = $1), false)
       AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS reads_wal,
       -- whoever owns the schema can put his own functions in the place of the extension's, by renaming schemas
       EXISTS (SELECT FROM pg_catalog.pg_roles r
                WHERE r.oid = CASE WHEN n.nspowner = (SELECT b.oid FROM pg_catalog.pg_roles b WHERE b.rolname = 'pg_database_owner')
                             THEN (SELECT d.datdba FROM pg_catalog.pg_database d
                                                                 WHERE d.datname = pg_catalog.current_database()) ELSE n.nspowner END
                  AND (r.rolsuper OR r.rolname = current_user))
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc p
                         JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
                         LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
                              AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = x.oid AND d.deptype = 'e'
                        WHERE p.pronamespace = n.oid AND p.proname IN ('pg_get_wal_records_info', 'pg_get_wal_block_info')
                          AND (d.objid IS NULL OR NOT r.rolsuper)) AS wal_is_trusted,
       EXISTS (SELECT FROM pg_catalog.pg_available_extensions a WHERE a.name = 'pg_walinspect') AS wal_available,
       pg_catalog.current_setting('wal_level') AS wal_level,
       (SELECT count(*) FROM pg_catalog.pg_replication_slots)::int8 AS slots,
       pg_catalog.current_setting('max_replication_slots')::int8 AS slot_limit,
       current_user::text AS role_name
  FROM (SELECT 1) one
  LEFT JOIN pg_catalog.pg_extension x ON x.extname = 'pg_walinspect'
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace
