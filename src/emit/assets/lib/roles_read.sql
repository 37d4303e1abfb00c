-- The publisher's roles as CSV, without those that belong to the server or its provider: kind role, a role and its attributes; kind
-- member, a membership; kind owner, who owns something in this database, whoever it is; kind skipped, a role with the name of one of these. With what each has there beyond its objects.
\ir publisher.sql
\ir own_roles.sql
\ir powers.sql
\ir read_only.sql
COPY (
  SELECT 'role', rolname, NULL::name, rolcanlogin, rolinherit, rolcreatedb, rolcreaterole, rolconnlimit, rolsuper, rolreplication, rolbypassrls,
         NULL::boolean, NULL::boolean, NULL::boolean, NULL::text[]
  FROM pg_roles WHERE pg_temp.is_own_role(rolname)
  UNION ALL
  -- who inherits and who may SET ROLE is said by the membership from 16 on
  SELECT 'member', g.rolname, m.rolname, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
         bool_or(a.admin_option), bool_or((to_jsonb(a) ->> 'inherit_option')::boolean), bool_or((to_jsonb(a) ->> 'set_option')::boolean), NULL
  FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
  WHERE pg_temp.is_own_role(m.rolname) GROUP BY g.rolname, m.rolname
  UNION ALL
  SELECT 'owner', r.rolname, NULL, NULL, NULL, NULL, NULL, NULL, r.rolsuper, NULL, NULL, NULL, NULL, NULL,
         ARRAY(SELECT DISTINCT power FROM pg_temp.powers_of(r.rolname))
  FROM pg_roles AS r
  WHERE EXISTS (SELECT FROM pg_shdepend AS d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o'
    AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
  UNION ALL
  SELECT 'skipped', rolname, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM pg_roles WHERE oid >= 16384 AND NOT pg_temp.is_own_role(rolname)
  ORDER BY 1 DESC, 2, 3) TO STDOUT (FORMAT csv);
