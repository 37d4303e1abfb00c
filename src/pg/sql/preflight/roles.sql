-- The role that is judged, and whether any role can replicate. One row, none when there is no such role. $1 its name.
-- Versions: 12 to 18; roles that only a version or a provider has are simply not found. Privileges: none. Locks: none.
SELECT r.rolname::text AS name,
       r.rolsuper AS superuser,
       r.rolreplication AS replication,
       r.rolbypassrls AS bypasses_row_security,
       r.rolcanlogin AS may_login,
       r.rolcreaterole AS creates_roles,
       pg_catalog.has_table_privilege(r.oid, 'pg_catalog.pg_authid', 'SELECT') AS reads_passwords,
       pg_catalog.pg_has_role(r.oid, d.datdba, 'USAGE') AS owns_database,
       pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CREATE') AS may_create_in_database,
       coalesce(g.member_of, ARRAY[]::text[]) AS member_of,
       o.replicating
  FROM pg_catalog.pg_roles r
 CROSS JOIN (SELECT b.datdba FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database()) d
 CROSS JOIN (SELECT count(*) AS replicating FROM pg_catalog.pg_roles WHERE rolcanlogin AND (rolreplication OR rolsuper)) o
  LEFT JOIN LATERAL (
       SELECT pg_catalog.array_agg(g.rolname::text ORDER BY g.rolname) AS member_of
         FROM pg_catalog.pg_roles g
        WHERE g.rolname IN ('pg_monitor', 'pg_read_all_stats', 'pg_read_all_settings', 'pg_create_subscription',
                            'rds_replication', 'rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin', 'alloydbsuperuser', 'neon_superuser')
          AND pg_catalog.pg_has_role(r.oid, g.oid, 'USAGE')) g ON true
 WHERE r.rolname = $1
