-- Writes into :out what this server tells of its tables: open, when it was opened for the application; marked, when the plan is carried
-- out here and it was not; empty, when they hold nothing; else unknown.
\ir subscriber.sql
\ir opened.sql
SELECT pg_temp.remembers('plan', true) AS is_marked, pg_temp.remembers('plan') AND NOT pg_temp.remembers('plan', true) AS is_of_another \gset
\if :is_of_another
\ir require_mark.sql
\endif
SELECT NOT EXISTS (
  SELECT FROM pg_temp.planned_relation AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
  JOIN LATERAL (SELECT c.oid UNION SELECT t.relid FROM pg_partition_tree(c.oid) AS t WHERE c.relkind = 'p') AS t(oid) ON true
  JOIN pg_class AS l ON l.oid = t.oid AND l.relkind = 'r'
  WHERE pg_relation_size(l.oid) > 0) AS is_empty \gset
\ir out.sql
\o :out
COPY (SELECT CASE WHEN :'is_open'::boolean THEN 'open' WHEN :'is_marked'::boolean THEN 'marked' WHEN :'is_empty'::boolean THEN 'empty' ELSE 'unknown' END) TO STDOUT;
\o
