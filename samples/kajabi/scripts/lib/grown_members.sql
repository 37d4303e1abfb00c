-- The same as members: as a planned partition of the same tree in the same slot is one, by itself or behind the root.
INSERT INTO pg_temp.planned_table (slot_name, publication_name, schema_name, table_name, kind, via_root, identity, identity_columns, sets_identity,
  publishes_changes, truncates, is_filtered, is_only, row_filter)
SELECT DISTINCT ON (g.schema_name, g.table_name) g.slot_name, p.publication_name, g.schema_name, g.table_name, p.kind, p.via_root, p.identity, p.identity_columns,
       p.sets_identity, p.publishes_changes, p.truncates, p.is_filtered, p.is_only, p.row_filter
FROM pg_temp.grown AS g JOIN pg_temp.planned_table AS p ON p.slot_name = g.slot_name AND p.kind = 'r'
JOIN pg_namespace AS n ON n.nspname = p.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name AND c.relispartition
WHERE pg_partition_root(c.oid) = g.tree_oid
  AND (:'session_side' = 'subscriber' OR EXISTS (SELECT FROM pg_publication AS b JOIN pg_publication_rel AS r ON r.prpubid = b.oid
    WHERE b.pubname = p.publication_name AND r.prrelid = g.partition_oid))
ORDER BY g.schema_name, g.table_name, p.publication_name, c.oid DESC;
INSERT INTO pg_temp.planned_partition (root_schema, root_name, schema_name, table_name)
SELECT n.nspname, c.relname, g.schema_name, g.table_name FROM pg_temp.grown AS g
JOIN pg_class AS c ON c.oid IN (SELECT relid FROM pg_partition_ancestors(g.partition_oid)) JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_temp.planned_table AS p ON p.slot_name = g.slot_name AND p.schema_name = n.nspname AND p.table_name = c.relname;
