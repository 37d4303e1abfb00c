-- Tables that this database's subscriptions write (from 19 on they may have sequences too). One row a table of a subscription.
-- Versions: 12 to 18. Privileges: up to 13 the oids of subscriptions are for superusers only. Locks: none.
SELECT s.subname::text AS subscription, n.nspname::text AS schema, c.relname::text AS name
  FROM pg_catalog.pg_subscription_rel r
  JOIN pg_catalog.pg_subscription s ON s.oid = r.srsubid
  JOIN pg_catalog.pg_class c ON c.oid = r.srrelid AND c.relkind <> 'S'
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
