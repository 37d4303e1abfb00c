-- Facts of the planned tables, one a line: columns, keys, partitions; if :everything, defaults, indexes, constraints and
-- triggers too. Left out: foreign keys that the plan keeps away, its guards, replica identities (which it may change), and the
-- not-null constraints of 18, which are properties of columns before it.
\ir members.sql
\ir read_only.sql
WITH t AS (
  SELECT DISTINCT c.oid, c.relkind, n.nspname AS schema_name, c.relname AS table_name, format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_temp.planned_relation AS p
  JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name)
SELECT translate(fact, E'\n\r', '  ') FROM (
  -- defaults differ harmlessly during replication: compared at the end
  SELECT format('column %s.%I: %s%s%s%s', t.name, a.attname, format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN ' not null' END, CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity' END,
      CASE WHEN a.attgenerated <> '' THEN ' generated ' || pg_get_expr(d.adbin, d.adrelid) END)
  FROM t JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  UNION ALL
  SELECT format('table %s: %s', t.name, CASE t.relkind WHEN 'p' THEN 'partitioned' WHEN 'r' THEN 'ordinary' ELSE 'of kind ' || t.relkind::text END) FROM t
  UNION ALL
  SELECT format('primary key %s: %s', t.name, pg_get_constraintdef(k.oid)) FROM t JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'p'
  UNION ALL
  SELECT format('default of column %s.%I: %s', t.name, a.attname, pg_get_expr(d.adbin, d.adrelid))
  FROM t JOIN pg_attribute AS a ON a.attrelid = t.oid AND NOT a.attisdropped AND a.attgenerated = ''
  JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE :'everything' = 'on'
  UNION ALL
  SELECT format('index of table %s: %s', t.name, pg_get_indexdef(i.indexrelid)) FROM t JOIN pg_index AS i ON i.indrelid = t.oid AND i.indisvalid
  WHERE :'everything' = 'on'
  UNION ALL
  SELECT format('constraint %I of table %s: %s', k.conname, t.name, pg_get_constraintdef(k.oid))
  FROM t JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype NOT IN ('p', 'n', 't')
  WHERE :'everything' = 'on' AND NOT (k.contype = 'f' AND k.conparentid <> 0)
    AND NOT (k.contype = 'f' AND EXISTS (SELECT FROM pg_temp.planned_foreign_key AS cut WHERE cut.is_restored AND cut.constraint_name = k.conname
      AND cut.schema_name = t.schema_name AND cut.table_name = t.table_name))
  UNION ALL
  SELECT format('trigger of table %s: %s', t.name, pg_get_triggerdef(g.oid)) FROM t JOIN pg_trigger AS g ON g.tgrelid = t.oid
  WHERE :'everything' = 'on' AND NOT g.tgisinternal AND g.tgname <> :'truncate_guard'
) AS facts(fact);
