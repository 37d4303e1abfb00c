-- Refuses a database that carries out no plan or another one.
DO $pgslotplan$ BEGIN
  IF NOT pg_temp.remembers('plan', true) THEN
    RAISE EXCEPTION USING MESSAGE = 'this database does not subscribe to this plan',
      HINT = 'Run this file in the planned database of the subscriber, after the steps before it.';
  END IF;
END $pgslotplan$;
