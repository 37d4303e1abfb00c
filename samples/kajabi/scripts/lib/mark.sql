-- Marks this subscriber with the plan that it follows, or refuses one that follows another plan of the same prefix.
\ir state.sql
CREATE TABLE IF NOT EXISTS pgslotplan.plan (
    prefix text PRIMARY KEY, plan_sha256 text NOT NULL, stopped boolean NOT NULL DEFAULT false);
SELECT pg_temp.close_state() AS has_state \gset
INSERT INTO pgslotplan.plan (prefix, plan_sha256) VALUES (:'prefix', :'plan_sha256') ON CONFLICT DO NOTHING;
SELECT pg_temp.refuse(array_agg(format('prefix %s belongs to plan %s', prefix, plan_sha256)), 'other plan is being carried out here',
  'Run the clean-up steps of that plan first, or plan with another --prefix.') AS refused
FROM pgslotplan.plan WHERE prefix = :'prefix' AND plan_sha256 <> :'plan_sha256' \gset
