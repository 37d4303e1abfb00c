-- Tablespaces outside of the data folder. A row each, by name.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT t.spcname::text AS name, pg_catalog.pg_tablespace_location(t.oid)::text AS location
  FROM pg_catalog.pg_tablespace t
 WHERE pg_catalog.pg_tablespace_location(t.oid) LIKE '/%'
 ORDER BY t.spcname
