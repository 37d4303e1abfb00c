-- True sizes of permanent tables and their TOAST relations (with its index). One row a table.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: ACCESS SHARE on each relation for an instant, so it can
-- wait for an exclusive lock: the session's lock_timeout ends that, and relpages stand in.
-- Cost: one stat() per relation and segment; about 30 us a table.
SELECT c.oid,
       coalesce(pg_catalog.pg_relation_size(c.oid), 0) AS heap_bytes,
       CASE WHEN c.reltoastrelid = 0 THEN 0
            ELSE coalesce(pg_catalog.pg_relation_size(c.reltoastrelid), 0) END AS toast_bytes
  FROM pg_catalog.pg_class c
 WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.oid >= 16384
