-- Begins a session on the publisher: settings, refusal of any other server, then the plan as temporary tables. Once a session.
\if :{?begun_on}
\else
\set session_side publisher
\ir session.sql
\set roots_take_not_valid :publisher_roots_take_not_valid
DO $pgslotplan$ DECLARE
  wanted_identifier text := current_setting('pgslotplan.system_identifier');
BEGIN
  -- a rehearsal runs against a clone, which may have an identifier of its own
  IF wanted_identifier <> '' AND coalesce(current_setting('pgslotplan.rehearsal', true), '') <> 'on'
     AND has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
     AND (SELECT system_identifier::text FROM pg_control_system()) <> wanted_identifier THEN
    RAISE EXCEPTION USING MESSAGE = 'this is not the server that the plan was made for: its system identifier differs', HINT = 'This file is for the publisher.';
  END IF;
END $pgslotplan$;
\ir load.sql
-- a clone has the publisher's identity: what is remembered there tells it apart
DO $pgslotplan$ DECLARE
  is_marked boolean := false; is_clone boolean := pg_temp.remembers('bootstrap'); is_earlier boolean;
BEGIN
  IF pg_temp.has_state('plan') THEN
    EXECUTE 'SELECT count(*) > 0, bool_and(plan_sha256 <> $2) FROM pgslotplan.plan WHERE prefix = $1' INTO is_marked, is_earlier USING current_setting('pgslotplan.prefix'), current_setting('pgslotplan.plan_sha256');
  END IF;
  IF is_marked OR is_clone THEN
    RAISE EXCEPTION USING MESSAGE = 'this is the subscriber of ' || CASE WHEN is_earlier THEN 'an earlier plan: clean up first, or plan with another --prefix' ELSE 'the plan' END, HINT = 'This file is for the publisher.';
  END IF;
END $pgslotplan$;
\set begun_on publisher
\endif
