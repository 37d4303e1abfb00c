-- Whether what only some roles see can be seen. One row.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT')
       AND pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE') AS may_read_access_rules,
       pg_catalog.has_column_privilege('pg_catalog.pg_subscription', 'oid', 'SELECT') AS may_read_subscription_oids,
       pg_catalog.has_table_privilege('pg_catalog.pg_largeobject_metadata', 'SELECT') AS may_count_large_objects,
       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS may_read_activity,
       pg_catalog.to_regclass('pgslotplan.plan') IS NOT NULL AS has_mark,
       coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('pgslotplan.plan')::oid, 'SELECT'), false)
       AND coalesce(pg_catalog.has_schema_privilege(pg_catalog.to_regnamespace('pgslotplan')::oid, 'USAGE'), false) AS may_read_mark
