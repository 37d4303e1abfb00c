-- pg_temp.is_own_role(name): not one that the server or its provider made.
CREATE OR REPLACE FUNCTION pg_temp.is_own_role(role_name name) RETURNS boolean LANGUAGE sql IMMUTABLE AS $pgslotplan$
  SELECT role_name !~ '^(pg_|rds|cloudsql|azure|azuresu|alloydb|aurora|neon_superuser|supabase|crunchy|streaming_replica$|postgres$)'
$pgslotplan$;
