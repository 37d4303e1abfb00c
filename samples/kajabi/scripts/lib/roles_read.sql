-- The publisher's roles as CSV, without those that belong to the server or its provider.
\ir publisher.sql
\ir own_roles.sql
\ir read_only.sql
COPY (SELECT rolname, rolcanlogin, rolinherit, rolcreatedb, rolcreaterole, rolconnlimit, rolsuper, rolreplication, rolbypassrls
      FROM pg_roles WHERE pg_temp.is_own_role(rolname) ORDER BY rolname) TO STDOUT (FORMAT csv);
