-- The planned tables and partitions with rows by their oids, which name the entries of a dump.
\ir publisher.sql
\ir members.sql
\ir read_only.sql
SELECT DISTINCT t.oid FROM pg_temp.planned_table AS p
JOIN pg_namespace AS n ON n.nspname = p.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
JOIN LATERAL (SELECT c.oid WHERE p.kind = 'r'
              UNION ALL SELECT relid FROM pg_partition_tree(c.oid) WHERE p.kind = 'p' AND isleaf) AS t(oid) ON true;
