-- Tables of :batch that left their subscription in the publication, but not here, leave it here too; then they must be empty, since what
-- was written to them meanwhile is nowhere else.
\ir subscriber.sql
\ir transition_mark.sql
\ir transition_list.sql
\ir foreign_code.sql
SELECT to_subscription AS taker FROM pg_temp.transition_batch WHERE batch = :batch \gset
SELECT pg_temp.would_do(:'taker', :batch) AS asked \gset
SELECT format('ALTER SUBSCRIPTION %I REFRESH PUBLICATION WITH (copy_data = false)', :'taker')
WHERE EXISTS (SELECT FROM pg_temp.transition_relation AS r JOIN pg_temp.subscribed() AS s ON (s.subscription_name, s.schema_name, s.table_name) = (:'taker', r.schema_name, r.table_name)
  WHERE r.batch = :batch AND NOT EXISTS (SELECT FROM pg_temp.published AS p WHERE (p.subscription_name, p.schema_name, p.table_name) = (:'taker', r.schema_name, r.table_name)))
  AND NOT EXISTS (SELECT FROM pg_temp.published AS p WHERE p.subscription_name = :'taker' AND NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s
    WHERE (s.subscription_name, s.schema_name, s.table_name) = (:'taker', p.schema_name, p.table_name))) \gexec
SELECT set_config('pgslotplan.batch', :'batch', false) AS batch_number \gset
\ir transition_unfilled.sql
\ir subscriber_empty.sql
