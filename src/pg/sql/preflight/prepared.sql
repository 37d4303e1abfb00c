-- Prepared transactions of the whole server. One row a transaction.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT p.gid::text AS gid, p.database::text AS database, p.owner::text AS role,
       extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared)::float8 AS age_s
  FROM pg_catalog.pg_prepared_xacts p
 ORDER BY p.prepared
