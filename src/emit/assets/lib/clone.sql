-- Begins a session on a clone that is not adopted yet: it has the publisher's version, and its identity too.
\set session_side clone
\ir session.sql
\ir load.sql
SELECT set_config('pgslotplan.step_clone', :'step_clone', false) AS step \gset
\if :is_aurora
SELECT set_config('pgslotplan.clone_instance', :'clone_instance', false) AS instance \gset
DO $pgslotplan$ DECLARE
  instance text;
BEGIN
  IF to_regproc('aurora_db_instance_identifier') IS NULL THEN
    RAISE EXCEPTION USING MESSAGE = 'this is not an Aurora server', HINT = 'This file is for the Aurora clone.';
  END IF;
  EXECUTE 'SELECT aurora_db_instance_identifier()::text' INTO instance;
  IF instance <> current_setting('pgslotplan.clone_instance') THEN
    RAISE EXCEPTION USING MESSAGE = format('this is instance %s, not the clone', instance),
      HINT = 'This file is for the clone that clone_instance names.';
  END IF;
END $pgslotplan$;
\else
DO $pgslotplan$ BEGIN
  IF NOT pg_temp.remembers('bootstrap', true) THEN
    RAISE EXCEPTION USING MESSAGE = 'this is not a clone that was made for the plan',
      HINT = format('This file is for the clone, after %s.', current_setting('pgslotplan.step_clone'));
  END IF;
END $pgslotplan$;
\endif
