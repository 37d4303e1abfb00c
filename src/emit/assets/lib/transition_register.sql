-- The tables of :batch join the subscription that takes them over, without a copy, while it stands still. REFRESH wants an enabled
-- subscription: for that moment it is given a slot that does not exist, so that nothing can be applied.
\ir subscriber.sql
\ir transition_mark.sql
\ir transition_list.sql
\ir transition_taker.sql
\if :joins
SELECT pg_temp.would_do(:'taker', :batch) AS asked \gset
-- what is not here by another subscription would be missing
SELECT pg_temp.refuse(array_agg(format('table %I.%I', r.schema_name, r.table_name)), 'tables are in neither subscription, or not ready',
  'Run the check of this change again.') AS refused
FROM pg_temp.transition_relation AS r JOIN pg_temp.transition_batch AS b USING (batch)
WHERE r.batch = :batch AND NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s WHERE s.subscription_name IN (b.from_subscription, b.to_subscription)
  AND (s.schema_name, s.table_name, s.state) = (r.schema_name, r.table_name, 'r')) \gset
SELECT pg_temp.refuse(array_agg(DISTINCT format('subscription %I has slot %s', subscription_name, slot_name)), 'subscription is not held', 'Somebody changed it meanwhile: run this again.') AS refused
FROM pg_temp.subscribed() WHERE subscription_name = :'taker' AND slot_name IS DISTINCT FROM :'no_slot' \gset
SELECT format('ALTER SUBSCRIPTION %I ENABLE', :'taker') \gexec
SELECT format('ALTER SUBSCRIPTION %I REFRESH PUBLICATION WITH (copy_data = false)', :'taker') \gexec
SELECT format('ALTER SUBSCRIPTION %I DISABLE', :'taker') \gexec
CREATE TEMP TABLE held AS SELECT :'taker'::name AS subscription_name;
\set workers held
\ir workers_end.sql
\endif
