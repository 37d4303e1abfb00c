-- Refuses a database that follows neither of the two plans, or was opened or stopped for the cutover.
\ir transition.sql
SELECT set_config('pgslotplan.running_plan', :'running_plan', false) AS running \gset
DO $pgslotplan$ DECLARE
  found_plan text;
BEGIN
  IF pg_temp.has_state('plan') THEN
    EXECUTE 'SELECT plan_sha256 FROM pgslotplan.plan WHERE prefix = $1' INTO found_plan USING current_setting('pgslotplan.prefix');
  END IF;
  IF coalesce(found_plan, '') NOT IN (current_setting('pgslotplan.running_plan'), current_setting('pgslotplan.plan_sha256')) THEN
    RAISE EXCEPTION USING MESSAGE = 'this database follows neither of the two plans', DETAIL = format('Its plan is %s.', coalesce(found_plan, 'none')),
      HINT = 'The plan given with --running must be the one that runs here.';
  END IF;
END $pgslotplan$;
\ir before_cutover.sql
\ir no_repair.sql
