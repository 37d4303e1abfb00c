-- What the publisher's database and roles have beside objects, as CSV: kind role place name value grantable. Settings of the database,
-- of roles, of both; the database's owner, connection limit and privileges; until when roles are valid, and their connection limits.
\ir publisher.sql
\ir own_roles.sql
\ir read_only.sql
COPY (
  SELECT 'setting', coalesce(r.rolname, ''), CASE WHEN s.setdatabase = 0 THEN 'server' ELSE 'database' END, split_part(item, '=', 1),
         substr(item, strpos(item, '=') + 1), NULL::boolean
  FROM pg_db_role_setting AS s CROSS JOIN unnest(s.setconfig) AS item LEFT JOIN pg_roles AS r ON r.oid = s.setrole
  WHERE (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
    AND (s.setrole = 0 OR pg_temp.is_own_role(r.rolname))
  UNION ALL
  SELECT 'database', pg_get_userbyid(datdba), '', '', datconnlimit::text, NULL FROM pg_database WHERE datname = current_database()
  UNION ALL
  SELECT 'grant', CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee) END, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE '' END, a.privilege_type, NULL, bool_or(a.is_grantable)
  FROM pg_database AS d CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
  WHERE d.datname = current_database() AND a.grantee <> d.datdba AND (a.grantee = 0 OR pg_temp.is_own_role(pg_get_userbyid(a.grantee)))
  GROUP BY a.grantee, a.privilege_type
  UNION ALL
  SELECT 'role', rolname, '', CASE WHEN rolvaliduntil IS NULL OR NOT isfinite(rolvaliduntil) THEN 'infinity'
           ELSE to_char(rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' END, rolconnlimit::text, NULL
  FROM pg_roles WHERE pg_temp.is_own_role(rolname)
  ORDER BY 1, 2, 3, 4) TO STDOUT (FORMAT csv);
