-- The publisher's tables are what the plan was made for, and can be published. While :identities_are_set is off, tables whose
-- replica identity a later step sets are not asked for one. What is sent through a root is described by the root's
-- identity, but the old key in WAL is the partition's: a root without one stops its slot at the first UPDATE or DELETE; with
-- other columns no partition fits the row, or the DEFAULT one, where it is not found.
\ir members.sql
\ir identity_flaws.sql
WITH planned AS (
  SELECT DISTINCT schema_name, table_name, kind, via_root AND kind = 'p' AS via_root,
         publishes_changes AND (:'identities_are_set' = 'on' OR NOT sets_identity) AS needs_identity
  FROM pg_temp.planned_table
), relation AS (
  SELECT planned.*, c.oid, c.relkind, c.relpersistence
  FROM planned LEFT JOIN (pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace)
    ON n.nspname = planned.schema_name AND c.relname = planned.table_name
), leaf AS (
  SELECT r.schema_name, r.table_name, r.needs_identity, r.via_root, r.oid AS root, l.oid, l.relkind, l.relpersistence, l.relreplident
  FROM relation AS r
  JOIN LATERAL (SELECT r.oid WHERE r.relkind = 'r'
                UNION ALL SELECT t.relid FROM pg_partition_tree(r.oid) AS t WHERE r.relkind = 'p' AND t.isleaf) AS t(oid) ON true
  JOIN pg_class AS l ON l.oid = t.oid
)
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'tables of the publisher are not what the plan was made for',
  'Mend them as the detail says, or sample and plan again.') AS refused
FROM (
  SELECT format('table %I.%I does not exist', schema_name, table_name) FROM relation WHERE oid IS NULL
  UNION ALL
  SELECT format('table %s would be sent twice: it is a partition of %s now, which is planned too', oid::regclass,
    (array_agg(root::regclass ORDER BY root) FILTER (WHERE root <> oid))[1]) FROM leaf GROUP BY oid HAVING count(DISTINCT root) > 1
  UNION ALL
  SELECT format('table %I.%I is not %s', schema_name, table_name, CASE kind WHEN 'p' THEN 'a partitioned table' ELSE 'an ordinary table' END)
  FROM relation WHERE relkind <> kind
  UNION ALL
  SELECT format('relation %s is unlogged, temporary or foreign: it cannot be published', oid::regclass)
  FROM leaf WHERE relpersistence <> 'p' OR relkind <> 'r'
  UNION ALL
  SELECT format('table %s has no replica identity: its UPDATE and DELETE would fail once published; mend it with %s', leaf.oid::regclass,
    coalesce('ALTER TABLE ' || leaf.oid::regclass || ' REPLICA IDENTITY USING INDEX ' || quote_ident(usable.relname),
      CASE WHEN EXISTS (SELECT FROM pg_index AS p WHERE p.indrelid = leaf.oid AND p.indisprimary AND p.indimmediate)
        THEN 'ALTER TABLE ' || leaf.oid::regclass || ' REPLICA IDENTITY DEFAULT' END,
      'a primary key, or ALTER TABLE ' || leaf.oid::regclass || ' REPLICA IDENTITY FULL, which writes whole old rows to WAL'))
  FROM leaf
  LEFT JOIN LATERAL (
    SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = leaf.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indislive AND NOT i.indisprimary
      AND i.indpred IS NULL AND i.indexprs IS NULL
      AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = i.indrelid AND NOT a.attnotnull
                        AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]))
    ORDER BY i.indnkeyatts, pg_relation_size(i.indexrelid), c.relname LIMIT 1) AS usable ON true
  WHERE needs_identity AND relkind = 'r' AND relreplident <> 'f' AND pg_get_replica_identity_index(leaf.oid) IS NULL
  UNION ALL
  SELECT flaw FROM leaf CROSS JOIN LATERAL pg_temp.identity_flaw(leaf.oid, :'refuses_generated_identity' = 'on') AS flaw
  WHERE needs_identity AND relkind = 'r' AND flaw IS NOT NULL
  UNION ALL
  SELECT format('partitioned table %s has no replica identity of its own: an UPDATE or DELETE of its partitions would stop the slot; '
                'mend it with a primary key of it, or with REPLICA IDENTITY FULL of it and of each partition', oid::regclass)
  FROM relation JOIN pg_class AS root USING (oid)
  WHERE needs_identity AND via_root AND root.relkind = 'p' AND root.relreplident <> 'f' AND pg_get_replica_identity_index(oid) IS NULL
  UNION ALL
  SELECT format('partition %s logs other columns as the old key than its root %s has: its DELETE would stop the slot, or be lost; '
                'mend it with ALTER TABLE %s REPLICA IDENTITY %s', leaf.oid::regclass, root.oid::regclass, leaf.oid::regclass,
                CASE WHEN root.relreplident = 'f' THEN 'FULL' ELSE 'DEFAULT and the key of the root' END)
  FROM leaf JOIN pg_class AS root ON root.oid = leaf.root
  WHERE leaf.needs_identity AND leaf.via_root AND root.relkind = 'p' AND leaf.relkind = 'r' AND leaf.relreplident <> 'f'
    AND CASE WHEN root.relreplident = 'f' THEN true ELSE EXISTS (
      SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1])
      WHERE i.indexrelid = pg_get_replica_identity_index(root.oid) AND NOT EXISTS (
        SELECT FROM pg_index AS k JOIN pg_attribute AS b ON b.attrelid = k.indrelid AND b.attnum = ANY (k.indkey[0 : k.indnkeyatts - 1])
        WHERE k.indexrelid = pg_get_replica_identity_index(leaf.oid) AND b.attname = a.attname)) END
) AS found(line) \gset
-- An UPDATE that moves a row between shards sends it as an INSERT, in which TOASTed columns that did not change are missing.
SELECT pg_temp.warn(array_agg(line ORDER BY line), 'an UPDATE of the key of a table that is split by row filters would lose columns, unless') AS warned
FROM (
  SELECT DISTINCT format('ALTER TABLE %s REPLICA IDENTITY FULL; %s can be stored outside of the row', c.oid::regclass,
    (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage IN ('x', 'e')))
  FROM pg_temp.planned_table AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
  WHERE p.is_filtered AND c.relreplident <> 'f' AND c.reltoastrelid <> 0
) AS found(line) \gset
