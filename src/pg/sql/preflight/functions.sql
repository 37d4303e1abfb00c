-- Functions of users that run with a row: in defaults, check constraints and indexes, without a search_path of their own.
-- One row a table and function.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: pg_depend is entered by the few functions.
SELECT DISTINCT n.nspname::text AS schema, c.relname::text AS name, fn.nspname::text AS function_schema, f.proname::text AS function
  FROM pg_catalog.pg_proc f
  JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = f.prolang AND l.lanname NOT IN ('internal', 'c')
  JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid = f.oid
  LEFT JOIN pg_catalog.pg_index i ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND i.indexrelid = d.objid
  LEFT JOIN pg_catalog.pg_constraint k ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
  LEFT JOIN pg_catalog.pg_attrdef v ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND v.oid = d.objid
  JOIN pg_catalog.pg_class c ON c.oid = coalesce(i.indrelid, k.conrelid, v.adrelid)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE f.oid >= 16384 AND c.relkind IN ('r', 'p')
   AND NOT EXISTS (SELECT FROM pg_catalog.unnest(f.proconfig) AS o (setting) WHERE o.setting LIKE 'search\_path=%')
