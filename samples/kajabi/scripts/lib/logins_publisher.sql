-- Adds to each login of CSV on standard input what the publisher knows of its role: whether it gets in here, and its verifier. For a
-- pipe and nothing else. Roles that do not get in here are left out: they may belong to other servers of the PgBouncer.
\ir publisher.sql
\ir login_table.sql
SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS sees_verifiers \gset
\if :sees_verifiers
UPDATE pg_temp.login AS l SET verifier = coalesce(r.rolpassword, '') FROM pg_authid AS r WHERE r.rolname = l.role_name;
\endif
COPY (
  SELECT l.* FROM pg_temp.login AS l JOIN pg_roles AS r ON r.rolname = l.role_name
  WHERE r.rolcanlogin AND coalesce(r.rolvaliduntil > now(), true) AND has_database_privilege(r.oid, current_database(), 'CONNECT')
  UNION ALL SELECT 'end', '', '', '', '', '', '', '', '', '') TO STDOUT (FORMAT csv);
