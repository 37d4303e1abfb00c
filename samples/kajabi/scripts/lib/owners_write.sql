-- From 16 on rows are written as the owner of their table: one who may not write it, or whom the owner of the subscription cannot
-- become, stops the slot. :applies_as_owner is on where the receiving server still writes as the owner of the subscription;
-- :receives is on where that server is this one.
\if :applies_as_owner \else
\ir members.sql
WITH relation AS (
  SELECT c.oid, c.relname, c.relkind, c.relowner, n.oid AS schema_oid, n.nspname, o.rolname, bool_or(b.inserts) AS inserts, bool_or(b.updates) AS updates,
         bool_or(b.deletes) AS deletes, bool_or(b.truncates) AS truncates
  FROM pg_temp.planned_table AS p JOIN pg_temp.planned_publication AS b ON b.publication_name = p.publication_name
  JOIN pg_namespace AS n ON n.nspname = p.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name AND c.relkind IN ('r', 'p')
  JOIN pg_roles AS o ON o.oid = c.relowner
  GROUP BY c.oid, c.relname, c.relkind, c.relowner, n.oid, n.nspname, o.rolname
), leaf AS (
  SELECT r.*, l.relname AS leaf_name, m.nspname AS leaf_schema, l.oid AS leaf_oid
  FROM relation AS r JOIN LATERAL (SELECT r.oid UNION SELECT t.relid FROM pg_partition_tree(r.oid) AS t WHERE r.relkind = 'p') AS t(oid) ON true
  JOIN pg_class AS l ON l.oid = t.oid AND l.relkind IN ('r', 'p') JOIN pg_namespace AS m ON m.oid = l.relnamespace
)
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'rights are missing, with which rows are written as the owner of their table',
  'From 16 on a subscription writes as the owner of each table. Run the GRANTs, on the publisher first, or give the table to a role that has the rights.') AS refused
FROM (
  SELECT format('GRANT %s ON TABLE %I.%I TO %I;', string_agg(w.privilege, ', ' ORDER BY w.place), l.leaf_schema, l.leaf_name, l.rolname)
  FROM leaf AS l CROSS JOIN LATERAL (VALUES (1, 'SELECT', l.updates OR l.deletes), (2, 'INSERT', true), (3, 'UPDATE', l.updates), (4, 'DELETE', l.deletes),
    (5, 'TRUNCATE', l.truncates)) AS w(place, privilege, is_needed)
  WHERE w.is_needed AND NOT has_table_privilege(l.relowner, l.leaf_oid, w.privilege)
  GROUP BY l.leaf_schema, l.leaf_name, l.rolname
  UNION ALL
  SELECT DISTINCT format('GRANT USAGE ON SCHEMA %I TO %I;', r.nspname, r.rolname) FROM relation AS r
  WHERE NOT has_schema_privilege(r.relowner, r.schema_oid, 'USAGE')
  UNION ALL
  -- privilege SET came with 16, which is what :applies_as_owner says
  SELECT DISTINCT format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE;', r.rolname, current_user) FROM relation AS r
  WHERE :'receives' = 'on' AND NOT pg_has_role(current_user, r.relowner, CASE WHEN :'receives' = 'on' THEN 'SET' ELSE 'MEMBER' END)
) AS found(line) \gset
\endif
