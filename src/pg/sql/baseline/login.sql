-- What makes this login more than an ordinary one: attributes and memberships, direct or not, of it and of the
-- roles that it may become. One row a reason; none for an ordinary login.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
WITH RECURSIVE /* pgslotplan baseline */ own AS (
  SELECT oid FROM pg_roles WHERE rolname = session_user
  UNION SELECT m.roleid FROM pg_auth_members AS m JOIN own ON own.oid = m.member
)
SELECT format('%s%s', CASE WHEN r.rolname = session_user THEN '' ELSE format('as a member of %I it ', r.rolname) END, why.words) AS reason
  FROM own JOIN pg_roles AS r ON r.oid = own.oid,
       LATERAL (VALUES (r.rolsuper, 'is a superuser'), (r.rolcreaterole, 'may create roles'), (r.rolreplication, 'may replicate'),
                       (r.rolbypassrls, 'passes by row-level security'),
                       (r.rolname LIKE 'pg\_%', 'has a predefined role'),
                       (r.rolname IN ('rds_superuser', 'rdsadmin', 'cloudsqlsuperuser', 'alloydbsuperuser', 'azure_pg_admin',
                                      'neon_superuser', 'supabase_admin', 'crunchy_superuser'), 'has the role of administrators')) AS why (applies, words)
 WHERE why.applies
 ORDER BY r.rolname, why.words
