-- Databases of the cluster that hold users' tables, and whether the role may connect. One row a database. Left out:
-- templates, databases that take no connections or were half dropped (connection limit -2), and the providers' own.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT d.datname::text AS name, pg_catalog.has_database_privilege(d.oid, 'CONNECT') AS may_connect
  FROM pg_catalog.pg_database d
 WHERE d.datallowconn AND NOT d.datistemplate AND d.datconnlimit <> -2
   AND d.datname NOT IN ('rdsadmin', 'cloudsqladmin', 'azure_maintenance', 'azure_sys')
