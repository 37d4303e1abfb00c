-- What logical replication never carries, counted. One row.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: two counts over catalogs.
SELECT (SELECT count(*) FROM pg_catalog.pg_class s JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
         WHERE s.relkind = 'S' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_temp') AS sequences,
       (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata) AS large_objects
