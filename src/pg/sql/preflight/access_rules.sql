-- pg_hba.conf as the server reads it. One row a rule, in order.
-- Versions: 12 to 18. Privileges: superuser, or SELECT on pg_hba_file_rules and EXECUTE on pg_hba_file_rules(). Locks: none.
SELECT r.type::text AS kind, coalesce(r.database, ARRAY[]::text[]) AS databases, coalesce(r.user_name, ARRAY[]::text[]) AS roles,
       r.address::text AS address, r.netmask::text AS netmask, coalesce(r.auth_method, '')::text AS method
  FROM pg_catalog.pg_hba_file_rules r
 WHERE r.error IS NULL
 ORDER BY r.line_number
