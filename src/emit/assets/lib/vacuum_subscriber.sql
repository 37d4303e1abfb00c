-- Vacuums the share of job :job, from 0, of :jobs that divide the planned tables.
\ir subscriber.sql
\ir require_mark.sql
SET statement_timeout = 0;
SET lock_timeout = '60s';
\ir wall_down.sql
-- large tables first, so that none is alone at the end; among equals the ones with most changes last, so that their
-- statistics are fresh. Partitioned tables stand for their partitions.
SELECT format('VACUUM (ANALYZE) %I.%I', schema_name, table_name) FROM (
    SELECT schema_name, table_name, row_number() OVER (ORDER BY width_bucket(ln(1 + bytes), 0, 40, 20) DESC, changes, schema_name, table_name) AS place
    FROM (
        SELECT p.schema_name, p.table_name, sum(pg_total_relation_size(t.oid)) AS bytes,
               coalesce(sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del), 0) AS changes
        FROM (SELECT DISTINCT schema_name, table_name FROM pg_temp.planned_relation) AS p
        JOIN pg_namespace AS n ON n.nspname = p.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
        JOIN LATERAL (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid)) AS t(oid) ON true
        LEFT JOIN pg_stat_user_tables AS s ON s.relid = t.oid
        GROUP BY p.schema_name, p.table_name) AS sized
    ) AS placed
WHERE place % :'jobs'::integer = :'job'::integer ORDER BY place \gexec
