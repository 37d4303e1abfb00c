-- Rows are loaded without session_replication_role where nobody may set it: then nothing may look at them in the order of the files.
\ir subscriber.sql
SELECT pg_temp.refuse(array_agg(DISTINCT line), 'foreign keys or triggers of the planned tables would see rows in the order of the files',
  'They come with a later step: drop them and begin anew. Or GRANT SET ON PARAMETER session_replication_role (15), or load as a superuser: PGSLOTPLAN_LOADER.') AS refused
FROM (
  SELECT format('%s %I of table %I.%I', CASE WHEN k.oid IS NULL THEN 'trigger' ELSE 'foreign key' END, coalesce(k.conname, t.tgname), n.nspname, c.relname)
  FROM pg_temp.planned_relation AS p JOIN pg_namespace AS m ON m.nspname = p.schema_name JOIN pg_class AS r ON r.relnamespace = m.oid AND r.relname = p.table_name
  CROSS JOIN LATERAL (SELECT r.oid UNION SELECT l.relid FROM pg_partition_tree(r.oid) AS l WHERE r.relkind = 'p') AS l(oid)
  JOIN pg_class AS c ON c.oid = l.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_trigger AS t ON t.tgrelid = c.oid AND t.tgenabled <> 'D' LEFT JOIN pg_constraint AS k ON k.oid = t.tgconstraint AND k.contype = 'f'
  WHERE k.oid IS NOT NULL OR NOT t.tgisinternal
) AS found(line) \gset
