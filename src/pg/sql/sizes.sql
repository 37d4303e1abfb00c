-- True sizes of the given tables, of their TOAST relations with its index, and of their indexes. One row a table.
-- $1 tables (oid).
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: ACCESS SHARE on each relation for an instant, so it can
-- wait for an exclusive lock: the session's lock_timeout ends that, and relpages stand in.
-- Cost: about 100 us a table in a new session, for its relations are loaded into the backend's cache.
SELECT c.oid,
       coalesce(pg_catalog.pg_relation_size(c.oid), 0) AS heap_bytes,
       CASE WHEN c.reltoastrelid = 0 THEN 0
            ELSE coalesce(pg_catalog.pg_total_relation_size(c.reltoastrelid), 0) END AS toast_bytes,
       coalesce(pg_catalog.pg_indexes_size(c.oid), 0) AS index_bytes
  FROM pg_catalog.pg_class c
 WHERE c.oid = ANY ($1)
