-- Which kind of password each login role has; the password itself never leaves. Rows as in inventory_objects.sql.
-- Versions: 12 to 18. Privileges: SELECT on pg_authid, which superusers have. Locks: none.
COPY (
SELECT 'password', json_build_array(rolname), 'kind',
       CASE WHEN rolpassword IS NULL THEN 'none' WHEN rolpassword LIKE 'SCRAM-SHA-256$%' THEN 'SCRAM-SHA-256'
         WHEN rolpassword LIKE 'md5%' THEN 'MD5' ELSE 'other' END
FROM pg_authid
WHERE rolcanlogin AND oid >= 16384
  AND rolname !~ '^(pg_|rds|cloudsql|azure|azuresu|alloydb|aurora|neon_superuser|supabase|crunchy|streaming_replica$|postgres$)'
) TO STDOUT;
