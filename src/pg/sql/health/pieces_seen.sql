-- Whether there is a queue of pieces, whether this role reads it, and whether it is believed: only superusers or this role can have made it.
-- Versions: 12 to 18. Privileges: none. Locks: none.
SELECT count(*) > 0 AS has_pieces,
       coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')), false) AS may,
       coalesce(bool_and(s.rolsuper AND t.rolsuper AND NOT c.relrowsecurity
         AND c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.atttypid >= 16384)), false) AS is_believed
FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'piece'
JOIN LATERAL (SELECT r.rolsuper OR r.rolname = current_user AS rolsuper FROM pg_catalog.pg_roles AS r WHERE r.oid = n.nspowner) AS s ON true
JOIN LATERAL (SELECT r.rolsuper OR r.rolname = current_user AS rolsuper FROM pg_catalog.pg_roles AS r WHERE r.oid = c.relowner) AS t ON true
WHERE n.nspname = 'pgslotplan'
