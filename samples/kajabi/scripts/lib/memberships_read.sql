-- Memberships of the publisher's roles as CSV.
\ir publisher.sql
\ir own_roles.sql
\ir read_only.sql
COPY (SELECT g.rolname, m.rolname, bool_or(a.admin_option)
      FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
      WHERE pg_temp.is_own_role(m.rolname) GROUP BY g.rolname, m.rolname ORDER BY g.rolname, m.rolname) TO STDOUT (FORMAT csv);
