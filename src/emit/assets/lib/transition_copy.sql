-- The tables of :batch join their subscription and are copied; waits until they are ready, :wait_seconds at most.
\ir subscriber.sql
\ir transition_mark.sql
\ir transition_list.sql
\ir foreign_code.sql
SELECT to_subscription AS taker,
       EXISTS (SELECT FROM pg_temp.transition_relation AS r WHERE r.batch = b.batch AND NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s
         WHERE (s.subscription_name, s.schema_name, s.table_name) = (b.to_subscription, r.schema_name, r.table_name))) AS joins
FROM pg_temp.transition_batch AS b WHERE batch = :batch \gset
\if :joins
SELECT pg_temp.would_do(:'taker', :batch) AS asked \gset
-- subscriber_empty.sql looks at these
CREATE OR REPLACE FUNCTION pg_temp.unfilled() RETURNS TABLE (table_oid oid, is_only boolean) LANGUAGE sql STABLE AS $pgslotplan$
  SELECT c.oid, bool_and(p.is_only) FROM pg_temp.transition_relation AS r JOIN pg_temp.planned_relation AS p USING (schema_name, table_name)
  JOIN pg_namespace AS n ON n.nspname = r.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.table_name
  WHERE r.batch = current_setting('pgslotplan.batch')::integer AND NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s
    WHERE (s.schema_name, s.table_name, s.subscription_name) = (r.schema_name, r.table_name, p.subscription_name))
  GROUP BY c.oid
$pgslotplan$;
SELECT set_config('pgslotplan.batch', :'batch', false) AS batch_number \gset
\set has_unfilled on
\ir subscriber_empty.sql
SELECT format('ALTER SUBSCRIPTION %I REFRESH PUBLICATION WITH (copy_data = true)', :'taker') \gexec
\endif
CREATE TEMP TABLE joining AS SELECT b.to_subscription AS subscription_name, r.schema_name, r.table_name
FROM pg_temp.transition_relation AS r JOIN pg_temp.transition_batch AS b USING (batch) WHERE r.batch = :batch;
\ir await_copies.sql
