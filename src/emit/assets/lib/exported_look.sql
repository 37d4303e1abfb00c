-- How far the data is: new, begun or loaded. Refuses where a subscription was enabled: loading again would lose what it applied.
\ir subscriber.sql
\ir mark.sql
\ir bootstrap_state.sql
DO $pgslotplan$ BEGIN
  IF EXISTS (SELECT FROM pgslotplan.bootstrap WHERE prefix = current_setting('pgslotplan.prefix') AND state = 'started')
     OR EXISTS (SELECT FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name
                JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database() WHERE s.subenabled) THEN
    RAISE EXCEPTION USING MESSAGE = 'a subscription of the plan was enabled: loading again would lose what it applied',
      HINT = 'There is nothing to load any more. To begin anew: the clean-up steps of both sides, then empty tables.';
  END IF;
END $pgslotplan$;
INSERT INTO pgslotplan.bootstrap (prefix, plan_sha256, state) VALUES (:'prefix', :'plan_sha256', 'new') ON CONFLICT DO NOTHING;
SELECT state FROM pgslotplan.bootstrap WHERE prefix = :'prefix';
