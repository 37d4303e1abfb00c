-- Partitions that are published and not subscribed join their subscription and are copied; waits until they are ready. Anything else
-- that a REFRESH would do is refused.
\ir subscriber.sql
\ir require_mark.sql
\ir published_read.sql
\ir foreign_code.sql
CREATE TEMP TABLE joining AS
SELECT p.subscription_name, p.schema_name, p.table_name, c.oid AS table_oid, pg_partition_root(c.oid) AS root
FROM pg_temp.published AS p LEFT JOIN (pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace) ON n.nspname = p.schema_name AND c.relname = p.table_name
WHERE p.subscription_name <> '' AND NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s
  WHERE (s.subscription_name, s.schema_name, s.table_name) = (p.subscription_name, p.schema_name, p.table_name));
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'surprises: REFRESH of a subscription would do more than this step is for',
  'Somebody changed a publication or a subscription, or the partition is missing here. Take that back, and run this again.') AS refused
FROM (
  SELECT format('table %I.%I would join subscription %I, and is no partition beside those that it has', j.schema_name, j.table_name, j.subscription_name) FROM pg_temp.joining AS j
  WHERE NOT EXISTS (SELECT FROM pg_temp.planned_relation AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name AND c.relispartition
    WHERE p.subscription_name = j.subscription_name AND pg_partition_root(c.oid) = j.root)
  UNION ALL
  SELECT format('table %I.%I would leave subscription %I', s.schema_name, s.table_name, s.subscription_name)
  FROM pg_temp.subscribed() AS s JOIN pg_temp.planned_slot AS p ON p.subscription_name = s.subscription_name
  WHERE s.table_name IS NOT NULL AND s.subscription_name IN (SELECT subscription_name FROM pg_temp.joining)
    AND NOT EXISTS (SELECT FROM pg_temp.published AS b WHERE (b.subscription_name, b.schema_name, b.table_name) = (s.subscription_name, s.schema_name, s.table_name))
  UNION ALL
  SELECT format('subscription %I is disabled', s.subscription_name) FROM pg_temp.subscribed() AS s
  WHERE NOT s.enabled AND s.subscription_name IN (SELECT subscription_name FROM pg_temp.joining)
) AS found(line) \gset
CREATE OR REPLACE FUNCTION pg_temp.unfilled() RETURNS TABLE (table_oid oid, is_only boolean) LANGUAGE sql STABLE AS $pgslotplan$
  SELECT j.table_oid, false FROM pg_temp.joining AS j
$pgslotplan$;
\set has_unfilled on
\ir subscriber_empty.sql
-- as the step that made the subscriptions did for all tables
INSERT INTO pg_temp.planned_relation (slot_number, slot_name, subscription_name, schema_name, table_name, is_only, needs_key)
SELECT p.number, p.slot_name, p.subscription_name, j.schema_name, j.table_name, false, false
FROM pg_temp.joining AS j JOIN pg_temp.planned_slot AS p USING (subscription_name);
\set applies_as_owner :subscriber_applies_as_owner
\ir functions_applied.sql
\ir hold.sql
\set receivers planned_slot
\set receiver_column subscription_name
\ir subscriptions_own.sql
SELECT format('ALTER SUBSCRIPTION %I REFRESH PUBLICATION WITH (copy_data = true)', subscription_name) FROM pg_temp.joining GROUP BY subscription_name \gexec
-- those of a run that was stopped, too
INSERT INTO pg_temp.joining (subscription_name, schema_name, table_name)
SELECT s.subscription_name, s.schema_name, s.table_name FROM pg_temp.subscribed() AS s JOIN pg_temp.planned_slot AS p USING (subscription_name)
WHERE s.state <> 'r' AND NOT EXISTS (SELECT FROM pg_temp.joining AS j WHERE (j.subscription_name, j.schema_name, j.table_name) = (s.subscription_name, s.schema_name, s.table_name));
\ir await_copies.sql
