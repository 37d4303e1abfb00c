-- Every table is where this plan has it: subscriptions that carry nothing any more go, foreign keys that are whole again return, and
-- this database follows this plan from now on.
\ir transition.sql
\ir subscribed.sql
\ir tables_not_ready.sql
\ir subscriptions_exact.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'tables are not where this plan has them', :'step_transition_changes' || ' first.') AS refused
FROM (
  SELECT line FROM pg_temp.tables_not_ready() AS line
  UNION ALL
  SELECT format('table %I.%I is still in subscription %I', s.schema_name, s.table_name, s.subscription_name) FROM pg_temp.subscribed() AS s
  WHERE s.table_name IS NOT NULL
    AND (s.subscription_name IN (SELECT subscription_name FROM pg_temp.running_slot) OR s.subscription_name IN (SELECT subscription_name FROM pg_temp.planned_slot))
    AND NOT EXISTS (SELECT FROM pg_temp.planned_relation AS p
    WHERE (p.subscription_name, p.schema_name, p.table_name) = (s.subscription_name, s.schema_name, s.table_name))
) AS found(line) \gset
-- they let go of their slots, which the publisher's next step drops
SELECT format('ALTER SUBSCRIPTION %I DISABLE', s.subname), format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s.subname), format('DROP SUBSCRIPTION %I', s.subname)
FROM pg_temp.running_slot AS r JOIN pg_subscription AS s ON s.subname = r.subscription_name
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
WHERE coalesce(s.subslotname, r.slot_name) IN (r.slot_name, :'no_slot') AND NOT EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE p.subscription_name = r.subscription_name)
ORDER BY r.number \gexec
-- publications of the way back are made again, as this plan has them
SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication WHERE starts_with(pubname, :'prefix' || '_rev_') \gexec
\set only_whole on
\ir foreign_keys_restore.sql
\ir foreign_keys_validate.sql
\if :foreign_keys_dropped
DELETE FROM pgslotplan.dropped_foreign_key AS d USING pg_temp.saved AS s
WHERE d.prefix IN (:'kept_as', :'kept_as' || '/repair') AND (d.schema_name, d.table_name, d.constraint_name) = (s.schema_name, s.table_name, s.constraint_name);
\endif
UPDATE pgslotplan.plan SET plan_sha256 = :'plan_sha256' WHERE prefix = :'prefix' AND plan_sha256 = :'running_plan';
SELECT pg_temp.has_state('bootstrap') AS has_bootstrap \gset
\if :has_bootstrap
UPDATE pgslotplan.bootstrap SET plan_sha256 = :'plan_sha256' WHERE prefix = :'prefix' AND plan_sha256 = :'running_plan';
\endif
