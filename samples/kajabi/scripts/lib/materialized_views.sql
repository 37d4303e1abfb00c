-- Refreshes the materialized views, those that others read first: a dump of the schema makes them empty. Each runs as its owner;
-- one that fails is said, and the inventory finds it empty.
\ir subscriber.sql
SET statement_timeout = 0;
\ir wall_down.sql
\set ON_ERROR_STOP off
WITH RECURSIVE reads AS (
  SELECT DISTINCT w.ev_class AS reader, d.refobjid AS source
  FROM pg_rewrite AS w JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
  JOIN pg_class AS s ON s.oid = d.refobjid AND s.relkind IN ('v', 'm')
), layer (oid, depth) AS (
  SELECT oid, 0 FROM pg_class WHERE relkind = 'm'
  UNION SELECT r.reader, l.depth + 1 FROM layer AS l JOIN reads AS r ON r.source = l.oid
)
SELECT format('REFRESH MATERIALIZED VIEW %I.%I', n.nspname, c.relname)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN layer AS l ON l.oid = c.oid
WHERE c.relkind = 'm' GROUP BY n.nspname, c.relname ORDER BY max(l.depth), n.nspname, c.relname \gexec
\set ON_ERROR_STOP on
\ir wall_up.sql
