-- Notes here how a comparison of all rows ended: :differences.
\ir subscriber.sql
\ir state.sql
CREATE TABLE IF NOT EXISTS pgslotplan.verified (prefix text PRIMARY KEY, plan_sha256 text NOT NULL, differences bigint NOT NULL, ended_at timestamptz NOT NULL);
SELECT pg_temp.close_state() AS has_state \gset
INSERT INTO pgslotplan.verified (prefix, plan_sha256, differences, ended_at) VALUES (:'prefix', :'plan_sha256', :differences, clock_timestamp())
ON CONFLICT (prefix) DO UPDATE SET plan_sha256 = excluded.plan_sha256, differences = excluded.differences, ended_at = excluded.ended_at;
