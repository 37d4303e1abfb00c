-- Makes the roles that come as CSV on standard input and are missing here, and says which attributes they lose.
\ir subscriber.sql
CREATE TEMP TABLE wanted_role (name name, can_login boolean, inherits boolean, creates_databases boolean, creates_roles boolean,
    connection_limit integer, is_superuser boolean, replicates boolean, bypasses_row_security boolean);
\copy pg_temp.wanted_role FROM pstdin (FORMAT csv)
SELECT format('CREATE ROLE %I %s %s %s %s CONNECTION LIMIT %s', name,
    CASE WHEN can_login THEN 'LOGIN' ELSE 'NOLOGIN' END, CASE WHEN inherits THEN 'INHERIT' ELSE 'NOINHERIT' END,
    CASE WHEN creates_databases THEN 'CREATEDB' ELSE 'NOCREATEDB' END, CASE WHEN creates_roles THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,
    connection_limit)
FROM pg_temp.wanted_role WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) ORDER BY name \gexec
SELECT pg_temp.warn(array_agg(line ORDER BY line), 'a role is made without attributes that it has on the publisher') AS warned
FROM (
  SELECT format('%s:%s%s%s', quote_ident(name::text), CASE WHEN is_superuser THEN ' SUPERUSER' END,
    CASE WHEN replicates THEN ' REPLICATION' END, CASE WHEN bypasses_row_security THEN ' BYPASSRLS' END)
  FROM pg_temp.wanted_role WHERE is_superuser OR replicates OR bypasses_row_security
) AS found(line) \gset
