-- A trigger that refuses TRUNCATE on each table whose TRUNCATE is not published, on partitions too.
\if :guards_truncate
\ir truncate_unguarded.sql
\ir state.sql
CREATE OR REPLACE FUNCTION pgslotplan.refuse_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $pgslotplan$ BEGIN
  RAISE EXCEPTION USING MESSAGE = format('cannot truncate table %I.%I: its replication does not carry TRUNCATE', tg_table_schema, tg_table_name),
    HINT = 'Use DELETE, or wait for the end of the migration.';
END $pgslotplan$;
SELECT format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I.%I FOR EACH STATEMENT EXECUTE FUNCTION pgslotplan.refuse_truncate()',
              :'truncate_guard', schema_name, table_name)
FROM pg_temp.unguarded() ORDER BY schema_name, table_name \gexec
\endif
