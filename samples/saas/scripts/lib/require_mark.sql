-- Refuses a database that carries out no plan or another one.
DO $pgslotplan$ DECLARE
  found_mark boolean := false;
BEGIN
  IF pg_temp.has_state('plan') THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pgslotplan.plan WHERE prefix = $1 AND plan_sha256 = $2)' INTO found_mark
      USING current_setting('pgslotplan.prefix'), current_setting('pgslotplan.plan_sha256');
  END IF;
  IF NOT found_mark THEN
    RAISE EXCEPTION USING MESSAGE = 'this database does not subscribe to this plan',
      HINT = 'Run this file in the planned database of the subscriber, after the steps before it.';
  END IF;
END $pgslotplan$;
