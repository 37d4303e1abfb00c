-- Which relations must be empty before a subscription copies into them: those that none of the plan's has yet. pg_temp.unfilled().
\if :{?has_unfilled} \else
CREATE OR REPLACE FUNCTION pg_temp.unfilled() RETURNS TABLE (table_oid oid, is_only boolean) LANGUAGE sql STABLE AS $pgslotplan$
  SELECT c.oid, bool_and(p.is_only)
  FROM pg_temp.planned_relation AS p
  JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
  WHERE NOT EXISTS (
    SELECT FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid
    WHERE r.srrelid = c.oid AND s.subname IN (SELECT subscription_name FROM pg_temp.planned_slot))
  GROUP BY c.oid
$pgslotplan$;
\set has_unfilled on
\endif
