-- Relations of the batch that join a subscription, for subscriber_empty.sql.
CREATE OR REPLACE FUNCTION pg_temp.unfilled() RETURNS TABLE (table_oid oid, is_only boolean) LANGUAGE sql STABLE AS $pgslotplan$
  SELECT c.oid, bool_and(p.is_only) FROM pg_temp.transition_relation AS r JOIN pg_temp.planned_relation AS p USING (schema_name, table_name)
  JOIN pg_namespace AS n ON n.nspname = r.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.table_name
  WHERE r.batch = current_setting('pgslotplan.batch')::integer AND NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s
    WHERE (s.schema_name, s.table_name, s.subscription_name) = (r.schema_name, r.table_name, p.subscription_name))
  GROUP BY c.oid
$pgslotplan$;
\set has_unfilled on
