-- The subscriber's tables can take what is sent. Columns are checked as far as the plan knows them.
\ir members.sql
WITH relation AS (
  SELECT r.*, i.identity_columns, c.oid, c.relkind, c.relpersistence
  FROM pg_temp.planned_relation AS r
  LEFT JOIN pg_temp.planned_partition AS l ON l.schema_name = r.schema_name AND l.table_name = r.table_name
  JOIN LATERAL (SELECT t.identity_columns FROM pg_temp.planned_table AS t WHERE (t.schema_name, t.table_name)
      IN ((r.schema_name, r.table_name), (l.root_schema, l.root_name)) LIMIT 1) AS i ON true
  LEFT JOIN (pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace)
    ON n.nspname = r.schema_name AND c.relname = r.table_name
), leaf AS (
  SELECT r.needs_key, r.identity_columns, l.oid, i.indexrelid, i.indkey, i.indnkeyatts
  FROM relation AS r
  JOIN LATERAL (SELECT r.oid WHERE r.relkind = 'r'
                UNION ALL SELECT t.relid FROM pg_partition_tree(r.oid) AS t WHERE r.relkind = 'p' AND t.isleaf) AS t(oid) ON true
  JOIN pg_class AS l ON l.oid = t.oid
  LEFT JOIN pg_index AS i ON i.indrelid = l.oid
    AND CASE WHEN pg_get_replica_identity_index(l.oid) IS NULL THEN i.indisprimary
             ELSE i.indexrelid = pg_get_replica_identity_index(l.oid) END
)
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'tables of the subscriber cannot take what the plan sends',
  'Bring the publisher''s schema there first: pg_dump --schema-only, at least tables and primary keys.') AS refused
FROM (
  SELECT format('table %I.%I does not exist', schema_name, table_name) FROM relation WHERE oid IS NULL
  UNION ALL
  SELECT format('relation %I.%I is not a table that a subscription can write into', schema_name, table_name)
  FROM relation WHERE relkind NOT IN ('r', CASE WHEN :'subscriber_has_roots' = 'on' THEN 'p' ELSE 'r' END) OR relpersistence = 't'
  UNION ALL
  SELECT format('table %I.%I has no column %I', r.schema_name, r.table_name, wanted)
  FROM relation AS r CROSS JOIN LATERAL unnest(r.identity_columns) AS wanted
  WHERE r.oid IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute AS a
    WHERE a.attrelid = r.oid AND a.attname = wanted AND a.attnum > 0 AND NOT a.attisdropped)
  UNION ALL
  SELECT format('table %s has neither a primary key nor a replica identity index', oid::regclass)
  FROM leaf WHERE needs_key AND indexrelid IS NULL AND :'keys_come_later' = 'off'
  UNION ALL
  SELECT format('column %I is in the key of table %s, but not in its replica identity on the publisher', a.attname, l.oid::regclass)
  FROM leaf AS l JOIN pg_attribute AS a ON a.attrelid = l.oid AND a.attnum = ANY (l.indkey[0 : l.indnkeyatts - 1])
  WHERE l.needs_key AND cardinality(l.identity_columns) > 0 AND a.attname::text <> ALL (l.identity_columns)
) AS found(line) \gset
