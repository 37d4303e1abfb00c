-- Holds the subscription that takes tables of :batch over: it stands still, and is given a slot that does not exist, so that nobody who
-- enables it lets it pass changes of tables that it does not know yet.
\ir subscriber.sql
\ir transition_mark.sql
\ir subscribed.sql
SELECT to_subscription AS taker FROM pg_temp.transition_batch WHERE batch = :batch \gset
SELECT format('ALTER SUBSCRIPTION %I DISABLE', :'taker') WHERE EXISTS (SELECT FROM pg_temp.subscribed() WHERE subscription_name = :'taker' AND enabled) \gexec
CREATE TEMP TABLE held AS SELECT :'taker'::name AS subscription_name;
\set workers held
\ir workers_end.sql
SELECT format('ALTER SUBSCRIPTION %I SET (slot_name = %L)', :'taker', :'no_slot')
WHERE EXISTS (SELECT FROM pg_temp.subscribed() WHERE subscription_name = :'taker' AND slot_name IS DISTINCT FROM :'no_slot') \gexec
