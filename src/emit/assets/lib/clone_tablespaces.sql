-- Tablespaces of the publisher outside of its data folder: number and folder, a line each.
\ir publisher.sql
SELECT oid || ' ' || pg_tablespace_location(oid) FROM pg_tablespace WHERE pg_tablespace_location(oid) LIKE '/%' ORDER BY oid;
