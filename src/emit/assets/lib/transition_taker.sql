-- Which subscription takes tables of :batch over, :taker, and whether it lacks any, :joins.
SELECT to_subscription AS taker,
       EXISTS (SELECT FROM pg_temp.transition_relation AS r WHERE r.batch = b.batch AND NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s
         WHERE (s.subscription_name, s.schema_name, s.table_name) = (b.to_subscription, r.schema_name, r.table_name))) AS joins
FROM pg_temp.transition_batch AS b WHERE batch = :batch \gset
