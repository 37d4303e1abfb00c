-- Notes here how a comparison of all rows ended: :differences, and on standard input what it skipped. Tables without a key are looked at by
-- the cutover itself.
\ir subscriber.sql
\ir state.sql
CREATE TEMP TABLE skipped (what text, name text, key text, note text);
\copy pg_temp.skipped FROM pstdin (FORMAT csv)
CREATE TABLE IF NOT EXISTS pgslotplan.verified (prefix text PRIMARY KEY, plan_sha256 text NOT NULL, differences bigint NOT NULL, ended_at timestamptz NOT NULL, skipped text[] NOT NULL);
SELECT pg_temp.close_state() AS has_state \gset
INSERT INTO pgslotplan.verified (prefix, plan_sha256, differences, ended_at, skipped) SELECT :'prefix', :'plan_sha256', :differences, clock_timestamp(),
  coalesce(array_agg(substr(name, 7) ORDER BY name), '{}') FROM pg_temp.skipped WHERE name LIKE 'table %' AND note NOT LIKE 'it has no key%'
ON CONFLICT (prefix) DO UPDATE SET plan_sha256 = excluded.plan_sha256, differences = excluded.differences, ended_at = excluded.ended_at, skipped = excluded.skipped;
