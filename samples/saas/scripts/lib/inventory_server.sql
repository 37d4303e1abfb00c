-- What the database and its server hold beside its objects: roles, memberships, settings, the database itself, tablespaces,
-- extensions that could be made, and the comments and labels of these. Rows as in inventory_objects.sql.
-- Versions: 12 to 18; to_jsonb gives the columns that only newer ones have. Privileges: none beyond CONNECT. Locks: none.
COPY (
WITH own_role AS (
  -- not those that the server or its provider made: as lib/own_roles.sql
  SELECT r.*, r.rolname AS name FROM pg_roles AS r
  WHERE r.oid >= 16384
    AND r.rolname !~ '^(pg_|rds|cloudsql|azure|azuresu|alloydb|aurora|neon_superuser|supabase|crunchy|streaming_replica$|postgres$)'
), here AS (
  SELECT d.*, pg_get_userbyid(d.datdba)::text AS owner, to_jsonb(d) AS fields FROM pg_database AS d WHERE d.datname = current_database()
), membership AS (
  -- before 16 a member inherits by its own attribute, and may always SET ROLE
  SELECT g.rolname AS role_name, m.rolname AS member_name, bool_or(a.admin_option) AS admin,
         bool_or(coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, m.rolinherit)) AS inherits,
         bool_or(coalesce((to_jsonb(a) ->> 'set_option')::boolean, true)) AS sets
  FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
  WHERE a.member IN (SELECT oid FROM own_role) AND (g.rolname ~ '^pg_' OR g.oid IN (SELECT oid FROM own_role))
  GROUP BY g.rolname, m.rolname
), setting AS (
  SELECT json_build_array(coalesce(r.name, ''), CASE WHEN s.setdatabase = 0 THEN 'server' ELSE 'database' END) AS identity,
         split_part(item, '=', 1) AS name, substr(item, strpos(item, '=') + 1) AS value
  FROM pg_db_role_setting AS s CROSS JOIN unnest(s.setconfig) AS item
  LEFT JOIN own_role AS r ON r.oid = s.setrole
  WHERE (s.setrole = 0 OR r.oid IS NOT NULL) AND (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM here))
), shared AS (
  SELECT 'pg_authid'::regclass::oid AS class, oid, json_build_array('role', name) AS identity FROM own_role
  UNION ALL SELECT 'pg_database'::regclass, oid, json_build_array('database') FROM here
  UNION ALL SELECT 'pg_tablespace'::regclass, oid, json_build_array('tablespace', spcname) FROM pg_tablespace WHERE oid >= 16384
), secured AS (
  SELECT 'database' AS kind, json_build_array() AS identity, datdba AS owner, datacl AS acl, acldefault('d', datdba) AS usual FROM here
  UNION ALL
  SELECT 'tablespace', json_build_array(spcname), spcowner, spcacl, acldefault('t', spcowner) FROM pg_tablespace WHERE oid >= 16384
), grants AS (
  SELECT s.kind, s.identity::text AS identity, item.usual,
         CASE WHEN a.grantee = s.owner THEN 'OWNER' WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee,
         a.privilege_type || CASE WHEN bool_or(a.is_grantable) THEN ' WITH GRANT OPTION' ELSE '' END AS privilege
  FROM secured AS s CROSS JOIN LATERAL (VALUES (false, s.acl), (true, s.usual)) AS item(usual, acl) CROSS JOIN LATERAL aclexplode(item.acl) AS a
  WHERE s.acl IS NOT NULL
  GROUP BY 1, 2, 3, 4, a.privilege_type
), acl AS (
  SELECT kind, identity, string_agg(line, '; ' ORDER BY line COLLATE "C") FILTER (WHERE NOT usual) AS is,
         string_agg(line, '; ' ORDER BY line COLLATE "C") FILTER (WHERE usual) AS usual
  FROM (SELECT kind, identity, usual, grantee || ': ' || string_agg(privilege, ', ' ORDER BY privilege COLLATE "C") AS line
        FROM grants GROUP BY kind, identity, usual, grantee) AS lines
  GROUP BY kind, identity
)
SELECT 'role', json_build_array(name), f.fact, f.value FROM own_role, LATERAL (VALUES
  ('login', CASE WHEN rolcanlogin THEN 'true' ELSE 'false' END),
  ('superuser', CASE WHEN rolsuper THEN 'true' END), ('inherits', CASE WHEN NOT rolinherit THEN 'false' END),
  ('creates databases', CASE WHEN rolcreatedb THEN 'true' END), ('creates roles', CASE WHEN rolcreaterole THEN 'true' END),
  ('replication', CASE WHEN rolreplication THEN 'true' END), ('bypasses row security', CASE WHEN rolbypassrls THEN 'true' END),
  ('connection limit', CASE WHEN rolconnlimit <> -1 THEN rolconnlimit::text END),
  ('valid until', to_char(rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))) AS f(fact, value) WHERE f.value IS NOT NULL
UNION ALL
SELECT 'membership', json_build_array(role_name, member_name), f.fact, f.value FROM membership, LATERAL (VALUES
  ('admin', admin::text), ('inherits', inherits::text), ('sets role', sets::text)) AS f(fact, value)
UNION ALL
-- what an extension or an application calls its own may be a key: only a digest of it
SELECT 'setting', identity, name, CASE WHEN strpos(name, '.') > 0 THEN 'md5 ' || md5(value) ELSE value END FROM setting
UNION ALL
SELECT 'database', json_build_array(), f.fact, f.value FROM here, LATERAL (VALUES
  ('owner', owner), ('encoding', pg_encoding_to_char(encoding)::text), ('collate', fields ->> 'datcollate'), ('ctype', fields ->> 'datctype'),
  ('locale provider', nullif(fields ->> 'datlocprovider', 'c')),
  ('locale', coalesce(fields ->> 'datlocale', fields ->> 'daticulocale')), ('icu rules', fields ->> 'daticurules'),
  ('collation version', fields ->> 'datcollversion'),
  ('connection limit', CASE WHEN datconnlimit <> -1 THEN datconnlimit::text END),
  ('template', CASE WHEN datistemplate THEN 'true' END)) AS f(fact, value) WHERE f.value IS NOT NULL
UNION ALL
SELECT 'tablespace', json_build_array(spcname), f.fact, f.value FROM pg_tablespace, LATERAL (VALUES
  ('owner', pg_get_userbyid(spcowner)::text),
  ('options', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(spcoptions) AS o))) AS f(fact, value)
WHERE oid >= 16384 AND f.value IS NOT NULL
UNION ALL
SELECT kind, identity::json, 'privileges', coalesce("is", '') FROM acl WHERE "is" IS DISTINCT FROM usual
UNION ALL
SELECT 'available_extension', json_build_array(name), 'default version', default_version FROM pg_available_extensions
UNION ALL
SELECT 'comment', s.identity, 'text', d.description FROM pg_shdescription AS d JOIN shared AS s ON s.class = d.classoid AND s.oid = d.objoid
UNION ALL
SELECT 'security_label', s.identity, l.provider, l.label FROM pg_shseclabel AS l JOIN shared AS s ON s.class = l.classoid AND s.oid = l.objoid
) TO STDOUT;
