-- A trigger that refuses TRUNCATE on each table whose TRUNCATE is not published, on partitions too.
\if :guards_truncate
\ir members.sql
\ir state.sql
CREATE OR REPLACE FUNCTION pgslotplan.refuse_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $pgslotplan$ BEGIN
  RAISE EXCEPTION USING MESSAGE = format('cannot truncate table %I.%I: its replication does not carry TRUNCATE', tg_table_schema, tg_table_name),
    HINT = 'Use DELETE, or wait for the end of the migration.';
END $pgslotplan$;
SELECT format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I.%I FOR EACH STATEMENT EXECUTE FUNCTION pgslotplan.refuse_truncate()',
              :'truncate_guard', n.nspname, l.relname)
FROM (SELECT DISTINCT t.oid FROM pg_temp.planned_table AS p
      JOIN pg_namespace AS root_schema ON root_schema.nspname = p.schema_name
      JOIN pg_class AS root ON root.relnamespace = root_schema.oid AND root.relname = p.table_name
      JOIN LATERAL (SELECT root.oid UNION SELECT relid FROM pg_partition_tree(root.oid)) AS t(oid) ON true
      WHERE NOT p.truncates) AS guarded
JOIN pg_class AS l ON l.oid = guarded.oid
JOIN pg_namespace AS n ON n.oid = l.relnamespace
WHERE NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = l.oid AND t.tgname = :'truncate_guard')
ORDER BY n.nspname, l.relname \gexec
\endif
