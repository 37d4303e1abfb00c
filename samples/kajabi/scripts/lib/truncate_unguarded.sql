-- Tables and partitions whose TRUNCATE is not published, and that have no trigger against it: pg_temp.unguarded().
\ir members.sql
SELECT set_config('pgslotplan.truncate_guard', :'truncate_guard', false) AS guard_name \gset
CREATE OR REPLACE FUNCTION pg_temp.unguarded() RETURNS TABLE (schema_name name, table_name name) LANGUAGE sql STABLE AS $pgslotplan$
  SELECT n.nspname, l.relname
  FROM (SELECT DISTINCT t.oid FROM pg_temp.planned_table AS p
        JOIN pg_namespace AS root_schema ON root_schema.nspname = p.schema_name
        JOIN pg_class AS root ON root.relnamespace = root_schema.oid AND root.relname = p.table_name
        JOIN LATERAL (SELECT root.oid UNION SELECT relid FROM pg_partition_tree(root.oid)) AS t(oid) ON true
        WHERE NOT p.truncates) AS guarded
  JOIN pg_class AS l ON l.oid = guarded.oid
  JOIN pg_namespace AS n ON n.oid = l.relnamespace
  WHERE NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = l.oid AND t.tgname = current_setting('pgslotplan.truncate_guard') AND t.tgenabled <> 'D')
$pgslotplan$;
