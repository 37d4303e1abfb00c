-- Who owns what the database holds and who may use it, default privileges, comments and security labels. Rows as in
-- inventory_objects.sql.
--
-- Privileges are compared with those that the owner of such an object has anyway: only what differs from these has a row, so that
-- a list that says the usual equals none. The owner is called OWNER, so that another owner is one difference. MAINTAIN, which came
-- with 17, is a fact of its own. Large objects: lib/inventory_objects.sql.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
COPY (
WITH space AS MATERIALIZED (
  SELECT * FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'pgslotplan')
), inner_object AS MATERIALIZED (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e' OR (deptype = 'i' AND classid = 'pg_proc'::regclass)
), role AS MATERIALIZED (
  SELECT oid, rolname::text AS name FROM pg_roles
  UNION ALL SELECT 0, 'PUBLIC'
), object AS MATERIALIZED (
  SELECT CASE WHEN c.relkind = 'S' THEN 'sequence' ELSE 'relation' END AS kind, 'pg_class'::regclass::oid AS class, c.oid, json_build_array(n.nspname, c.relname) AS identity,
         c.relowner AS owner, c.relacl AS acl, CASE WHEN c.relkind = 'S' THEN 's' ELSE 'r' END AS acl_type
  FROM pg_class AS c JOIN space AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
  UNION ALL
  SELECT 'schema', 'pg_namespace'::regclass, oid, json_build_array(nspname), nspowner, nspacl, 'n' FROM space
  UNION ALL
  SELECT 'function', 'pg_proc'::regclass, p.oid, json_build_array(n.nspname, p.proname, oidvectortypes(p.proargtypes)), p.proowner, p.proacl, 'f'
  FROM pg_proc AS p JOIN space AS n ON n.oid = p.pronamespace
  UNION ALL
  SELECT 'type', 'pg_type'::regclass, t.oid, json_build_array(n.nspname, t.typname), t.typowner, t.typacl, 'T' FROM pg_type AS t JOIN space AS n ON n.oid = t.typnamespace
  WHERE t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type AS e WHERE e.typarray = t.oid))
    OR (t.typtype = 'c' AND EXISTS (SELECT FROM pg_class AS c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
  UNION ALL
  SELECT 'language', 'pg_language'::regclass, oid, json_build_array(lanname), lanowner, lanacl, 'l' FROM pg_language WHERE lanispl
  UNION ALL
  SELECT 'foreign_data_wrapper', 'pg_foreign_data_wrapper'::regclass, oid, json_build_array(fdwname), fdwowner, fdwacl, 'F' FROM pg_foreign_data_wrapper
  UNION ALL
  SELECT 'foreign_server', 'pg_foreign_server'::regclass, oid, json_build_array(srvname), srvowner, srvacl, 'S' FROM pg_foreign_server
  UNION ALL
  SELECT 'event_trigger', 'pg_event_trigger'::regclass, oid, json_build_array(evtname), evtowner, NULL, NULL FROM pg_event_trigger
  UNION ALL
  SELECT 'publication', 'pg_publication'::regclass, oid, json_build_array(pubname), pubowner, NULL, NULL FROM pg_publication
  UNION ALL
  SELECT 'operator', 'pg_operator'::regclass, o.oid, json_build_array(n.nspname, o.oprname, o.oprleft::regtype, o.oprright::regtype), o.oprowner, NULL, NULL
  FROM pg_operator AS o JOIN space AS n ON n.oid = o.oprnamespace
  UNION ALL
  SELECT 'collation', 'pg_collation'::regclass, c.oid, json_build_array(n.nspname, c.collname), c.collowner, NULL, NULL
  FROM pg_collation AS c JOIN space AS n ON n.oid = c.collnamespace
  UNION ALL
  SELECT 'statistics', 'pg_statistic_ext'::regclass, s.oid, json_build_array(n.nspname, s.stxname), s.stxowner, NULL, NULL
  FROM pg_statistic_ext AS s JOIN space AS n ON n.oid = s.stxnamespace
), own AS MATERIALIZED (
  SELECT o.* FROM object AS o WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = o.class AND i.objid = o.oid)
), listed AS (
  SELECT kind, identity::text AS identity, false AS usual, a.grantee, a.grantee = owner AS owns, a.privilege_type, a.is_grantable FROM own, aclexplode(acl) AS a
  UNION ALL
  SELECT kind, identity::text, true, a.grantee, a.grantee = owner, a.privilege_type, a.is_grantable FROM own, aclexplode(acldefault(acl_type::"char", owner)) AS a WHERE acl IS NOT NULL
  UNION ALL
  -- a default privilege is said whole; a column has none by itself
  SELECT 'default_privileges', json_build_array(pg_get_userbyid(d.defaclrole), coalesce(n.nspname, ''),
    CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE 'large objects' END)::text,
    false, a.grantee, a.grantee = d.defaclrole, a.privilege_type, a.is_grantable
  FROM pg_default_acl AS d LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace CROSS JOIN aclexplode(d.defaclacl) AS a
  UNION ALL
  SELECT 'column', json_build_array(n.nspname, c.relname, t.attname)::text, false, a.grantee, a.grantee = c.relowner, a.privilege_type, a.is_grantable
  FROM pg_attribute AS t JOIN pg_class AS c ON c.oid = t.attrelid JOIN space AS n ON n.oid = c.relnamespace CROSS JOIN aclexplode(t.attacl) AS a
  WHERE t.attacl IS NOT NULL AND t.attnum > 0 AND NOT t.attisdropped
), privilege AS (
  SELECT l.kind, l.identity, l.usual, CASE WHEN l.owns THEN 'OWNER' WHEN l.grantee = 0 THEN r.name ELSE quote_ident(r.name) END AS grantee, l.privilege_type = 'MAINTAIN' AS maintains,
         l.privilege_type || CASE WHEN bool_or(l.is_grantable) THEN ' WITH GRANT OPTION' ELSE '' END AS privilege
  FROM listed AS l JOIN role AS r ON r.oid = l.grantee GROUP BY 1, 2, 3, 4, 5, l.privilege_type
), line AS (
  SELECT kind, identity, usual, maintains, grantee || ': ' || string_agg(privilege, ', ' ORDER BY privilege COLLATE "C") AS line
  FROM privilege GROUP BY kind, identity, usual, maintains, grantee
), summary AS (
  SELECT kind, identity, maintains, coalesce(string_agg(line, '; ' ORDER BY line COLLATE "C") FILTER (WHERE NOT usual), '') AS said,
         coalesce(string_agg(line, '; ' ORDER BY line COLLATE "C") FILTER (WHERE usual), '') AS usual
  FROM line GROUP BY kind, identity, maintains
), emptied AS (
  -- everything was taken away, from the owner too
  SELECT kind, identity::text AS identity FROM own WHERE acl = '{}' AND acldefault(acl_type::"char", owner) <> '{}'
)
-- the owner of a sequence that a column owns is the table's
SELECT kind, identity, 'owner', r.name FROM own JOIN role AS r ON r.oid = own.owner
WHERE NOT (kind = 'sequence' AND EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = own.class AND d.objid = own.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0))
UNION ALL
SELECT kind, identity::json, CASE WHEN maintains THEN 'maintain privilege' ELSE 'privileges' END, said FROM summary WHERE said <> usual
UNION ALL
SELECT kind, identity::json, 'no privileges', 'true' FROM emptied
UNION ALL
SELECT 'comment', json_build_array(i.type, i.identity), 'text', d.description
FROM pg_description AS d CROSS JOIN pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
WHERE (d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid IN (SELECT oid FROM space)))
  AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.deptype = 'e' AND e.classid = d.classoid AND e.objid = d.objoid)
  AND d.classoid <> 'pg_largeobject'::regclass AND coalesce(i.schema, '') NOT IN ('pgslotplan', 'pg_temp', 'pg_toast') AND i.type <> 'extension'
UNION ALL
SELECT 'security_label', json_build_array(i.type, i.identity), l.provider, l.label
FROM pg_seclabel AS l CROSS JOIN pg_identify_object(l.classoid, l.objoid, l.objsubid) AS i WHERE l.classoid <> 'pg_largeobject'::regclass
) TO STDOUT;
