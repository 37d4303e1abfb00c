-- What the server is. One row. Functions that only some providers have are looked up, not called.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: below 1 ms.
SELECT pg_catalog.current_setting('server_version_num')::int8 AS version_num,
       pg_catalog.current_database()::text AS database,
       (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) AS database_oid,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.proname = 'aurora_version') AS aurora,
       -- its sessions have its name, and it gives these settings on the command line
       EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.application_name LIKE 'Patroni%')
       OR (SELECT count(*) FROM pg_catalog.pg_settings s WHERE s.source = 'command line'
             AND s.name IN ('cluster_name', 'wal_level', 'max_connections', 'max_replication_slots', 'max_wal_senders')) = 5 AS patroni,
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may_read_control,
       pg_catalog.pg_has_role('pg_monitor', 'USAGE') AS monitors,
       (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) AS superuser
