-- The verifiers of the publisher's roles as CSV, for a pipe and nothing else. The last row says how many came.
\ir publisher.sql
\ir own_roles.sql
\ir passwords_may.sql
\ir read_only.sql
COPY (SELECT 'role', rolname::text, rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL AND pg_temp.is_own_role(rolname)
      UNION ALL
      SELECT 'end', (SELECT count(*)::text FROM pg_authid WHERE rolpassword IS NOT NULL AND pg_temp.is_own_role(rolname)), NULL
      ORDER BY 1 DESC, 2) TO STDOUT (FORMAT csv);
