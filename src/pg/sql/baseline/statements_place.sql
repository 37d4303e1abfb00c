-- Where pg_stat_statements is, and whether its function is what it should be: C code of the extension's own
-- library, which only a superuser can make. A view of that name may be anybody's. One row where the extension is.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT /* pgslotplan baseline */ n.nspname::text AS schema,
       p.prolang = 13 AND p.probin = '$libdir/pg_stat_statements' AS is_its_own,
       has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(n.oid, 'USAGE') AS may,
       'toplevel' = ANY (p.proargnames) AS tells_level
  FROM pg_extension AS e
  JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
                     AND d.classid = 'pg_proc'::regclass
  JOIN pg_proc AS p ON p.oid = d.objid AND p.proname = 'pg_stat_statements'
  JOIN pg_namespace AS n ON n.oid = p.pronamespace
 WHERE e.extname = 'pg_stat_statements'
