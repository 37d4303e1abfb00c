-- The tables of :batch join their subscription and are copied; waits until they are ready, :wait_seconds at most.
\ir subscriber.sql
\ir transition_mark.sql
\ir transition_list.sql
\ir foreign_code.sql
\ir transition_taker.sql
\if :joins
SELECT pg_temp.would_do(:'taker', :batch) AS asked \gset
SELECT set_config('pgslotplan.batch', :'batch', false) AS batch_number \gset
\ir transition_unfilled.sql
\ir subscriber_empty.sql
SELECT format('ALTER SUBSCRIPTION %I REFRESH PUBLICATION WITH (copy_data = true)', :'taker') \gexec
\endif
CREATE TEMP TABLE joining AS SELECT b.to_subscription AS subscription_name, r.schema_name, r.table_name
FROM pg_temp.transition_relation AS r JOIN pg_temp.transition_batch AS b USING (batch) WHERE r.batch = :batch;
\ir await_copies.sql
