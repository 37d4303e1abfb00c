-- Size of the main file of the given tables. One row a table. $1 tables (oid).
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: ACCESS SHARE on each table for an instant: the session's
-- lock_timeout ends a wait.
SELECT c.oid, coalesce(pg_catalog.pg_relation_size(c.oid), 0) AS bytes
  FROM pg_catalog.pg_class c
 WHERE c.oid = ANY ($1)
