-- Subscriptions of the whole server, without the connection strings that only superusers read. One row a subscription.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT s.subname::text AS name, d.datname = pg_catalog.current_database() AS here, s.subenabled AS enabled,
       s.subslotname::text AS slot_name, s.subpublications::text[] AS publications
  FROM pg_catalog.pg_subscription s
  JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
 ORDER BY s.subname
