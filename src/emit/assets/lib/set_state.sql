-- Remembers that the plan's data is as far as :state.
UPDATE pgslotplan.bootstrap SET state = :'state' WHERE prefix = :'prefix' AND plan_sha256 = :'plan_sha256' AND state <> :'state';
