-- A session on the subscriber that looks at the queue, which must be ours.
\ir snapshot_session.sql
SET lock_timeout = '5s';
\ir ../plan/values.sql
SELECT set_config('pgslotplan.state_owner', :'state_owner', false) AS state_owner \gset
\ir foreign_state.sql
DO $pgslotplan$ BEGIN
  IF pg_temp.foreign_state() IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = 'schema "pgslotplan" is not ours', DETAIL = pg_temp.foreign_state();
  END IF;
END $pgslotplan$;
