-- Why the schema pgslotplan is not ours; null when it is, or is not there. It is ours when only superusers, this role and the
-- role that state_owner names can change anything in it: then nobody puts a view, a trigger, a type or a function of his between
-- this look and what is read after it.
-- pgslotplan check asks the same.
CREATE FUNCTION pg_temp.foreign_state() RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
  WITH trusted AS (
    SELECT oid FROM pg_roles WHERE rolsuper OR rolname IN (current_user, current_setting('pgslotplan.state_owner'))
  ), state AS (
    SELECT * FROM pg_namespace WHERE nspname = 'pgslotplan'
  ), relation AS (
    SELECT c.* FROM state AS n JOIN pg_class AS c ON c.relnamespace = n.oid WHERE c.relkind NOT IN ('i', 'I')
  )
  SELECT line FROM (
    SELECT 1, format('schema %I belongs to role %I', nspname, pg_get_userbyid(nspowner))
    FROM state WHERE nspowner NOT IN (SELECT oid FROM trusted)
    UNION ALL
    SELECT 2, format('role %s may create objects in schema %I', coalesce(r.rolname, 'PUBLIC'), n.nspname)
    FROM state AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE a.privilege_type = 'CREATE' AND a.grantee NOT IN (SELECT oid FROM trusted)
    UNION ALL
    SELECT 3, format('relation pgslotplan.%I is not an ordinary table', relname) FROM relation WHERE relkind <> 'r'
    UNION ALL
    SELECT 4, format('table pgslotplan.%I belongs to role %I', relname, pg_get_userbyid(relowner))
    FROM relation WHERE relowner NOT IN (SELECT oid FROM trusted)
    UNION ALL
    SELECT 5, format('table pgslotplan.%I has column %I of type %s, which is not built in', relname, a.attname, format_type(a.atttypid, a.atttypmod))
    FROM relation AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE a.atttypid >= 16384
    UNION ALL
    SELECT 6, format('table pgslotplan.%I has triggers, rules, row security or children', relname)
    FROM relation AS c WHERE relrowsecurity OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid)
      OR EXISTS (SELECT FROM pg_rewrite WHERE ev_class = c.oid) OR EXISTS (SELECT FROM pg_inherits WHERE c.oid IN (inhparent, inhrelid))
    UNION ALL
    SELECT 7, format('role %s may write to table pgslotplan.%I', coalesce(r.rolname, 'PUBLIC'), c.relname)
    FROM relation AS c CROSS JOIN LATERAL (SELECT c.relacl UNION ALL SELECT attacl FROM pg_attribute WHERE attrelid = c.oid) AS acls(acl)
    CROSS JOIN LATERAL aclexplode(acl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE a.privilege_type <> 'SELECT' AND a.grantee NOT IN (SELECT oid FROM trusted)
    UNION ALL
    SELECT 8, format('function pgslotplan.%I belongs to role %I', proname, pg_get_userbyid(proowner))
    FROM state AS n JOIN pg_proc AS p ON p.pronamespace = n.oid WHERE p.proowner NOT IN (SELECT oid FROM trusted)
    UNION ALL
    SELECT 9, format('table pgslotplan.%I is not one of these files: it has no column "prefix"', relname) FROM relation AS c
    WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'prefix' AND a.atttypid = 'text'::regtype)
  ) AS found(place, line) ORDER BY place, line LIMIT 1
$pgslotplan$;
