-- What the server is. One row. Functions that only some providers have are looked up, not called.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: below 1 ms.
SELECT pg_catalog.current_setting('server_version_num')::int8 AS version_num,
       pg_catalog.current_database()::text AS database,
       (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) AS database_oid,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.proname = 'aurora_version') AS aurora,
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may_read_control,
       pg_catalog.pg_has_role('pg_monitor', 'USAGE') AS monitors,
       (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) AS superuser
