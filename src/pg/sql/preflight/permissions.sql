-- Whether what only some roles see can be seen. One row.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT')
       AND pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE') AS may_read_access_rules,
       pg_catalog.has_column_privilege('pg_catalog.pg_subscription', 'oid', 'SELECT') AS may_read_subscription_oids,
       pg_catalog.has_table_privilege('pg_catalog.pg_largeobject_metadata', 'SELECT') AS may_count_large_objects,
       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS may_read_activity,
       mark.oid IS NOT NULL AS has_mark,
       coalesce(pg_catalog.has_table_privilege(mark.oid, 'SELECT') AND pg_catalog.has_schema_privilege(mark.relnamespace, 'USAGE'), false)
       AS may_read_mark
  FROM (SELECT 1) AS one
  -- by the catalog: to_regclass wants USAGE on the schema
  LEFT JOIN (pg_catalog.pg_class AS mark JOIN pg_catalog.pg_namespace AS n ON n.oid = mark.relnamespace AND n.nspname = 'pgslotplan')
         ON mark.relname = 'plan' AND mark.relkind = 'r'
