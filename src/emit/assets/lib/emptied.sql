-- Bootstrap snapshot: a table of which the snapshot saw no row any more was truncated meanwhile, and the slot has brought the TRUNCATE by
-- now; or it was rewritten (ALTER TABLE), which loses the rows for the snapshot and for it alone: then nothing has come. ALTER TABLE of
-- the table here gives it other files, too, and other columns with them.
\ir subscriber.sql
SELECT pg_temp.has_state('piece') AS has_pieces \gset
\if :has_pieces
SELECT pg_temp.refuse(array_agg(DISTINCT format('table %I.%I', p.target_schema, p.target_name)),
  'tables came without rows that they had in the snapshot, or without some of them: they were rewritten (ALTER TABLE) during the copy, or their TRUNCATE is not applied yet',
  'First the step that waits until every slot has caught up. If they stay here: pgslotplan emit --repair table=SCHEMA.NAME copies one again.') AS refused
FROM pgslotplan.piece AS p JOIN pg_namespace AS n ON n.nspname = p.target_schema JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.target_name
CROSS JOIN LATERAL (SELECT w.relid FROM pg_partition_tree(c.oid) AS w WHERE w.isleaf UNION SELECT c.oid WHERE c.relkind = 'r') AS t
WHERE p.prefix = :'prefix' AND p.emptied AND (pg_relation_filenode(t.relid) = ANY (p.files)
  OR p.shape IS DISTINCT FROM (SELECT md5(string_agg(concat_ws(' ', a.attnum, a.atttypid, a.atttypmod, a.attisdropped, c.relam), ',' ORDER BY a.attnum)) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0)) \gset
\endif
