-- Installed extensions and their versions. One row an extension.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT extname::text AS name, extversion::text AS value FROM pg_catalog.pg_extension ORDER BY extname
