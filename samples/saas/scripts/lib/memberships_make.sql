-- Grants the memberships that come as CSV on standard input and are missing here.
\ir subscriber.sql
CREATE TEMP TABLE wanted_membership (group_name name, member_name name, is_admin boolean);
\copy pg_temp.wanted_membership FROM pstdin (FORMAT csv)
SELECT format('GRANT %I TO %I%s', group_name, member_name, CASE WHEN is_admin THEN ' WITH ADMIN OPTION' ELSE '' END)
FROM pg_temp.wanted_membership AS w
WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = group_name)
  AND NOT EXISTS (SELECT FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
                  WHERE g.rolname = group_name AND m.rolname = member_name)
ORDER BY group_name, member_name \gexec
