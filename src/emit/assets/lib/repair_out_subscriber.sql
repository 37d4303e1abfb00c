-- Takes tables that are copied alone out of their subscriptions, whose workers start anew: one that runs holds what it knew of a table,
-- and would write what is still on its way. Then the repair is stopped.
\ir subscriber.sql
\ir repaired.sql
\ir require_mark.sql
\set repair_states '{stopping,stopped}'
\ir repair_state.sql
CREATE TEMP TABLE repaired_alone AS SELECT DISTINCT subscription_name FROM pg_temp.repaired_member;
-- a refresh wants an enabled subscription
SELECT format('ALTER SUBSCRIPTION %I ENABLE', s.subname)
FROM pg_temp.repaired_alone AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name AND NOT s.subenabled
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database() ORDER BY 1 \gexec
SELECT format('ALTER SUBSCRIPTION %I REFRESH PUBLICATION WITH (copy_data = false)', subscription_name) FROM pg_temp.repaired_alone ORDER BY 1 \gexec
\ir repair_unlisted.sql
SELECT format('ALTER SUBSCRIPTION %I DISABLE', subscription_name) FROM pg_temp.repaired_alone ORDER BY 1 \gexec
\set workers repaired_alone
\ir workers_end.sql
SELECT format('ALTER SUBSCRIPTION %I ENABLE', subscription_name) FROM pg_temp.repaired_alone ORDER BY 1 \gexec
UPDATE pgslotplan.repair SET state = 'stopped' WHERE prefix = :'prefix' AND repair = :'repair';
