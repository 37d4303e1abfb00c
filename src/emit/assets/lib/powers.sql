-- pg_temp.powers_of(role): what a role has here, by itself or through memberships, that leads beyond its own objects: attributes, roles
-- by which the server's files and programs or everybody's rows are reached, and administrators of providers.
\if :{?has_powers} \else
\set has_powers on
CREATE FUNCTION pg_temp.power_of(role_name name) RETURNS SETOF text LANGUAGE sql STABLE AS $pgslotplan$
  SELECT w.attribute FROM pg_roles AS r
  CROSS JOIN LATERAL (VALUES ('SUPERUSER', r.rolsuper), ('REPLICATION', r.rolreplication), ('BYPASSRLS', r.rolbypassrls), ('CREATEROLE', r.rolcreaterole)) AS w(attribute, is_set)
  WHERE r.rolname = role_name AND w.is_set
  UNION ALL
  SELECT role_name::text WHERE role_name IN ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files', 'pg_signal_backend',
      'pg_read_all_data', 'pg_write_all_data', 'pg_create_subscription', 'pg_maintain')
    OR role_name ~ '^(rds|cloudsql|azure|alloydb|aurora|neon_superuser|supabase|crunchy)'
$pgslotplan$;
CREATE FUNCTION pg_temp.powers_of(role_name name) RETURNS TABLE (power text, via name) LANGUAGE sql STABLE AS $pgslotplan$
  WITH RECURSIVE reached (oid, rolname) AS (
    SELECT r.oid, r.rolname FROM pg_roles AS r WHERE r.rolname = role_name
    UNION
    SELECT g.oid, g.rolname FROM reached JOIN pg_auth_members AS a ON a.member = reached.oid JOIN pg_roles AS g ON g.oid = a.roleid
  )
  SELECT power, reached.rolname FROM reached CROSS JOIN LATERAL pg_temp.power_of(reached.rolname) AS power
$pgslotplan$;
\endif
