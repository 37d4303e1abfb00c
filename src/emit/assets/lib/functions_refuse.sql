-- Refuses functions of roles that are no superusers behind the planned tables, when they run in one of :ways, a text[] of words of
-- tenant_functions.sql, unless they are accepted; :ways_message says as whom, :ways_hint what else helps. What is accepted are
-- functions as they are shown here, or their owners, separated by semicolons.
\if :{?accepted_functions} \else \set accepted_functions `printf '%s' "$PGSLOTPLAN_ACCEPT_FUNCTIONS"` \endif
\ir tenant_functions.sql
WITH relation AS (
  SELECT DISTINCT m.nspname::text AS schema_name, l.relname::text AS table_name
  FROM pg_temp.planned_relation AS p
  JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
  JOIN LATERAL (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid) UNION SELECT a.relid FROM pg_partition_ancestors(c.oid) AS a) AS t(oid) ON true
  JOIN pg_class AS l ON l.oid = t.oid JOIN pg_namespace AS m ON m.oid = l.relnamespace
), accepted AS (
  SELECT array_agg(btrim(item, E' \t\n')) AS items FROM unnest(string_to_array(:'accepted_functions', ';')) AS item
)
SELECT pg_temp.refuse(array_agg(line ORDER BY line), :'ways_message',
  :'ways_hint' || ' To accept what was read, function by function or all of a role: PGSLOTPLAN_ACCEPT_FUNCTIONS, separated by semicolons.') AS refused
FROM (
  SELECT format('function %s of role %I: %s of table %I.%I', f.function, f.owner, string_agg(f.runs, ', ' ORDER BY f.runs), f.schema_name, f.table_name)
  FROM pg_temp.tenant_functions() AS f JOIN relation USING (schema_name, table_name) CROSS JOIN accepted
  WHERE f.runs = ANY (:'ways'::text[])
    AND (f.function = ANY (items) OR f.owner = ANY (items) OR quote_ident(f.owner) = ANY (items)) IS NOT TRUE
  GROUP BY f.function, f.owner, f.schema_name, f.table_name
) AS found(line) \gset
