-- Refuses DDL until the event triggers go.
\ir state.sql
CREATE OR REPLACE FUNCTION pgslotplan.refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $pgslotplan$ DECLARE
  item record; advice text := 'SET pgslotplan.ddl = on lets a session through. The step thaw ends this on the old server, reverse_end or the clean-up on the new one.';
BEGIN
  -- our own files and temporary objects may go on; refreshed views are data
  IF current_setting('pgslotplan.ddl', true) = 'on' OR tg_tag = 'REFRESH MATERIALIZED VIEW' THEN
    RETURN;
  END IF;
  IF tg_event = 'sql_drop' THEN
    FOR item IN SELECT object_identity FROM pg_event_trigger_dropped_objects() WHERE NOT is_temporary LOOP
      RAISE EXCEPTION USING MESSAGE = format('%s%s is refused: the schema is frozen for a migration', tg_tag, ' of ' || item.object_identity),
        HINT = advice;
    END LOOP;
  ELSE
    FOR item IN SELECT object_identity FROM pg_event_trigger_ddl_commands() WHERE schema_name IS DISTINCT FROM 'pg_temp' LOOP
      RAISE EXCEPTION USING MESSAGE = format('%s%s is refused: the schema is frozen for a migration', tg_tag, ' of ' || item.object_identity),
        HINT = advice;
    END LOOP;
  END IF;
END $pgslotplan$;
SELECT set_config('pgslotplan.freeze', :'freeze', false) AS freeze, set_config('pgslotplan.freeze_drop', :'freeze_drop', false) AS freeze_drop,
       set_config('pgslotplan.privileges', :'privileges', false) AS privileges \gset
DO $pgslotplan$ DECLARE
  item record;
BEGIN
  FOR item IN SELECT current_setting('pgslotplan.' || w.setting)::name AS name, w.event
              FROM (VALUES ('freeze', 'ddl_command_end'), ('freeze_drop', 'sql_drop')) AS w(setting, event) LOOP
    IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = item.name) THEN
      EXECUTE format('CREATE EVENT TRIGGER %I ON %s EXECUTE FUNCTION pgslotplan.refuse_ddl()', item.name, item.event);
    END IF;
  END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
  IF current_setting('pgslotplan.privileges') = 'superuser' THEN
    RAISE;
  END IF;
  -- the files go on without: the cutover compares both schemas once more and names what changed
  RAISE WARNING USING MESSAGE = 'the schema is not frozen: this role may not create event triggers', HINT = 'Keep deployments away until the cutover is over.';
END $pgslotplan$;
