-- Where the clone ends, or the word started.
\ir subscriber.sql
\set states '{loaded,placed,started}'
SELECT format('Run %s first.', :'step_adopt') AS state_hint \gset
\ir require_state.sql
SELECT CASE WHEN state = 'started' THEN 'started' ELSE position::text END FROM pgslotplan.bootstrap
WHERE prefix = :'prefix' AND plan_sha256 = :'plan_sha256';
