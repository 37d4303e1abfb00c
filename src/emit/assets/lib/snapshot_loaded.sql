-- All data is there. Tables that came without rows are remembered with the files that hold them, and their columns: a TRUNCATE gives them
-- other files and the same columns.
\ir subscriber.sql
UPDATE pgslotplan.piece AS p SET
  files = ARRAY(SELECT pg_relation_filenode(t.relid)
    FROM (SELECT w.relid FROM pg_partition_tree(c.oid) AS w WHERE w.isleaf UNION SELECT c.oid WHERE c.relkind = 'r') AS t(relid)),
  shape = (SELECT md5(string_agg(concat_ws(' ', a.attnum, a.atttypid, a.atttypmod, a.attisdropped, c.relam), ',' ORDER BY a.attnum)) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE p.prefix = :'prefix' AND p.emptied AND p.files IS NULL AND n.nspname = p.target_schema AND c.relname = p.target_name;
-- another run may have ended this long ago
UPDATE pgslotplan.bootstrap SET state = 'loaded' WHERE prefix = :'prefix' AND plan_sha256 = :'plan_sha256' AND state = 'begun';
