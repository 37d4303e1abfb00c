-- Partitions that joined a planned publication, or its subscription, after the plan was made, beside planned partitions of the same
-- tree: they count as planned. Daily partitions need no other plan. pg_temp.grown remembers them for members.sql.
CREATE TEMP TABLE grown (slot_name name, schema_name name, table_name name, partition_oid oid, tree_oid oid);
WITH tree AS (
  SELECT DISTINCT p.slot_number, p.slot_name, p.subscription_name, pg_partition_root(c.oid) AS root
  FROM pg_temp.planned_relation AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name AND c.relispartition
  WHERE p.slot_name = ANY (:'growing_slots'::name[])
), listed AS (
  SELECT b.slot_name, r.prrelid AS relation FROM pg_temp.planned_publication AS b JOIN pg_publication AS p ON p.pubname = b.publication_name
  JOIN pg_publication_rel AS r ON r.prpubid = p.oid
  UNION
  -- up to 13 only superusers may read the oid of a subscription in its catalog
  SELECT s.slot_name, r.srrelid FROM pg_temp.planned_slot AS s JOIN (SELECT DISTINCT subid, subname FROM pg_stat_subscription) AS w ON w.subname = s.subscription_name
  JOIN pg_subscription_rel AS r ON r.srsubid = w.subid
)
INSERT INTO pg_temp.grown
SELECT tree.slot_name, n.nspname, l.relname, l.oid, tree.root
FROM tree CROSS JOIN LATERAL pg_partition_tree(tree.root) AS t
JOIN pg_class AS l ON l.oid = t.relid AND l.relkind = 'r' JOIN pg_namespace AS n ON n.oid = l.relnamespace
WHERE t.isleaf AND EXISTS (SELECT FROM listed AS i WHERE i.slot_name = tree.slot_name
    AND i.relation IN (SELECT l.oid UNION SELECT relid FROM pg_partition_ancestors(l.oid)))
  AND NOT EXISTS (SELECT FROM pg_temp.planned_relation AS p WHERE p.schema_name = n.nspname AND p.table_name = l.relname);
INSERT INTO pg_temp.planned_relation (slot_number, slot_name, subscription_name, schema_name, table_name, is_only, needs_key)
SELECT s.slot_number, g.slot_name, s.subscription_name, g.schema_name, g.table_name, false, s.needs_key
FROM pg_temp.grown AS g JOIN (SELECT slot_number, slot_name, subscription_name, bool_or(needs_key) AS needs_key
  FROM pg_temp.planned_relation GROUP BY 1, 2, 3) AS s USING (slot_name);
