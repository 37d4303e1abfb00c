-- Refuses unless the plan's data is as far as one of :states, a text[]; :state_hint says which step comes first.
SELECT set_config('pgslotplan.states', :'states', false) AS states, set_config('pgslotplan.state_hint', :'state_hint', false) AS state_hint \gset
DO $pgslotplan$
DECLARE
  found_state text;
BEGIN
  IF pg_temp.has_state('bootstrap') THEN
    EXECUTE 'SELECT state FROM pgslotplan.bootstrap WHERE prefix = $1 AND plan_sha256 = $2' INTO found_state
      USING current_setting('pgslotplan.prefix'), current_setting('pgslotplan.plan_sha256');
  END IF;
  IF found_state IS NULL OR found_state <> ALL (current_setting('pgslotplan.states')::text[]) THEN
    RAISE EXCEPTION USING MESSAGE = format('the data of the plan is not there yet: its state is %s', coalesce(found_state, 'unknown')),
      HINT = current_setting('pgslotplan.state_hint');
  END IF;
END
$pgslotplan$;
