-- The giving subscription has applied all that was written before the switch: the tables of :batch leave it, and the one that took
-- them over goes on.
\ir subscriber.sql
\ir transition_mark.sql
\ir transition_list.sql
SELECT from_subscription AS giver FROM pg_temp.transition_batch WHERE batch = :batch \gset
SELECT pg_temp.would_do(:'giver', 0) AS asked \gset
SELECT format('ALTER SUBSCRIPTION %I REFRESH PUBLICATION WITH (copy_data = false)', :'giver')
WHERE EXISTS (SELECT FROM pg_temp.transition_relation AS r JOIN pg_temp.subscribed() AS s ON (s.subscription_name, s.schema_name, s.table_name) = (:'giver', r.schema_name, r.table_name)
              WHERE r.batch = :batch) \gexec
\ir transition_resume.sql
