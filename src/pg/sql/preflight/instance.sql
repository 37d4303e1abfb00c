-- Which server this is and when it was started: a clone has the same system identifier, never the same start. One row.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT pg_catalog.pg_postmaster_start_time()::text AS started,
       pg_catalog.host(pg_catalog.inet_server_addr())::text AS address,
       current_user::text AS current_role,
       pg_catalog.current_setting('listen_addresses', true)::text AS listens
