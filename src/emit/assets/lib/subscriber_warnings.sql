-- What may surprise on the subscriber, but stops nothing.
\ir members.sql
WITH relation AS (
  SELECT DISTINCT c.oid, c.relrowsecurity FROM pg_temp.planned_table AS p
  JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
)
SELECT pg_temp.warn(array_agg(line ORDER BY line), 'look at this on the subscriber') AS warned
FROM (
  SELECT format('trigger %I of table %s fires for replicated rows, with an empty search_path', t.tgname, t.tgrelid::regclass)
  FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid WHERE t.tgenabled IN ('A', 'R') AND NOT t.tgisinternal
  UNION ALL
  SELECT format('table %s has row security: its slot stops if the owner of the subscription is subject to it', oid::regclass)
  FROM relation WHERE relrowsecurity
) AS found(line) \gset
