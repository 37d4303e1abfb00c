-- Refuses to start subscriptions again that were stopped for a cutover.
DO $pgslotplan$ BEGIN
  IF (SELECT stopped FROM pgslotplan.plan WHERE prefix = current_setting('pgslotplan.prefix')) THEN
    RAISE EXCEPTION USING MESSAGE = 'the subscriptions were stopped for the cutover',
      HINT = 'Starting them again is right only if nothing was written to the subscriber since. If so: UPDATE pgslotplan.plan SET stopped = false; and run this file again.';
  END IF;
END $pgslotplan$;
