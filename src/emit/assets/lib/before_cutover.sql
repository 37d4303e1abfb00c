-- Refuses a subscriber that the cutover stopped or opened: it may hold writes that the publisher lacks.
DO $pgslotplan$ DECLARE
  is_stopped boolean := false; is_open boolean := pg_temp.remembers('opened');
BEGIN
  IF pg_temp.has_state('plan') THEN
    EXECUTE 'SELECT coalesce(bool_or(stopped), false) FROM pgslotplan.plan WHERE prefix = $1' INTO is_stopped USING current_setting('pgslotplan.prefix');
  END IF;
  IF is_open THEN
    RAISE EXCEPTION USING MESSAGE = 'the new server was opened for writes', HINT = 'What was written there is not on the old one: nothing of it may be emptied.';
  ELSIF is_stopped THEN
    RAISE EXCEPTION USING MESSAGE = 'the subscriptions were stopped for the cutover', HINT = 'Go back to the old server with abort.sh first.';
  END IF;
END $pgslotplan$;
