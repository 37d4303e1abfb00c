-- All data is there. Tables that came without rows are remembered with the files that hold them: a TRUNCATE gives them others.
\ir subscriber.sql
UPDATE pgslotplan.piece AS p SET files = ARRAY(
  SELECT pg_relation_filenode(t.relid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (SELECT w.relid FROM pg_partition_tree(c.oid) AS w WHERE w.isleaf UNION SELECT c.oid WHERE c.relkind = 'r') AS t
  WHERE n.nspname = p.target_schema AND c.relname = p.target_name)
WHERE p.prefix = :'prefix' AND p.emptied AND p.files IS NULL;
-- another run may have ended this long ago
UPDATE pgslotplan.bootstrap SET state = 'loaded' WHERE prefix = :'prefix' AND plan_sha256 = :'plan_sha256' AND state = 'begun';
