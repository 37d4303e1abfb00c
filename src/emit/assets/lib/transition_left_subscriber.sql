-- How much of :batch is not done on the subscriber.
\ir subscriber.sql
\ir transition_mark.sql
\ir transition.sql
\ir subscribed.sql
\ir read_only.sql
SELECT count(*) FROM pg_temp.transition_batch AS b JOIN pg_temp.transition_relation AS r USING (batch)
WHERE b.batch = :batch AND (
  b.kind <> 'remove' AND NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s
    WHERE (s.subscription_name, s.schema_name, s.table_name, s.state) = (b.to_subscription, r.schema_name, r.table_name, 'r') AND s.enabled AND s.slot_name = b.to_slot)
  OR b.from_subscription IS DISTINCT FROM b.to_subscription AND EXISTS (SELECT FROM pg_temp.subscribed() AS s
    WHERE (s.subscription_name, s.schema_name, s.table_name) = (b.from_subscription, r.schema_name, r.table_name)));
