-- Refuses DDL until the event triggers go.
\ir state.sql
CREATE OR REPLACE FUNCTION pgslotplan.refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $pgslotplan$ DECLARE
  item record;
BEGIN
  -- our own files and temporary objects may go on; refreshed views are data
  IF current_setting('pgslotplan.ddl', true) = 'on' OR tg_tag = 'REFRESH MATERIALIZED VIEW' THEN
    RETURN;
  END IF;
  IF tg_event = 'sql_drop' THEN
    FOR item IN SELECT object_identity FROM pg_event_trigger_dropped_objects() WHERE NOT is_temporary LOOP
      RAISE EXCEPTION USING MESSAGE = format('%s%s is refused: the schema is frozen for a migration', tg_tag, ' of ' || item.object_identity),
        HINT = 'Wait for its end. Whoever runs it can take the event trigger away.';
    END LOOP;
  ELSE
    FOR item IN SELECT object_identity FROM pg_event_trigger_ddl_commands() WHERE schema_name IS DISTINCT FROM 'pg_temp' LOOP
      RAISE EXCEPTION USING MESSAGE = format('%s%s is refused: the schema is frozen for a migration', tg_tag, ' of ' || item.object_identity),
        HINT = 'Wait for its end. Whoever runs it can take the event trigger away.';
    END LOOP;
  END IF;
END $pgslotplan$;
SELECT format('CREATE EVENT TRIGGER %I ON %s EXECUTE FUNCTION pgslotplan.refuse_ddl()', w.name, w.event)
FROM (VALUES (:'freeze', 'ddl_command_end'), (:'freeze_drop', 'sql_drop')) AS w(name, event)
WHERE NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = w.name) \gexec
