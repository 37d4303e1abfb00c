-- What the database's relations are: tables, columns, constraints, indexes, triggers, rules, policies, views, sequences, extended
-- statistics. Rows as in inventory_objects.sql.
-- Versions: 12 to 18; a column that only newer ones have is found in the catalog where it is, and in "older" otherwise.
-- Privileges: none beyond CONNECT. Locks: ACCESS SHARE on what pg_get_expr and its family read, for an instant.
COPY (
WITH space AS MATERIALIZED (
  SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'pgslotplan')
), relation AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.reloptions,
         c.reltoastrelid, c.reltablespace, c.relam, c.relispopulated, c.relispartition, c.relpartbound, c.reloftype, c.relhassubclass
  FROM pg_class AS c JOIN space AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), sequence AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname FROM pg_class AS c JOIN space AS n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S' AND c.relpersistence <> 't'
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), older(attcompression, attstattarget, stxstattarget, indnullsnotdistinct) AS (VALUES ('', NULL::integer, NULL::integer, false)
)
SELECT 'relation', json_build_array(nspname, relname), f.fact, f.value FROM relation AS r, LATERAL (VALUES
  ('kind', CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
             ELSE 'foreign table' END),
  ('unlogged', CASE WHEN relpersistence = 'u' THEN 'true' END),
  ('row security', CASE WHEN relrowsecurity THEN 'enabled' END), ('forced row security', CASE WHEN relforcerowsecurity THEN 'true' END),
  ('replica identity', CASE relreplident WHEN 'f' THEN 'full' WHEN 'i' THEN 'index' WHEN 'n' THEN CASE WHEN relkind IN ('r', 'p') THEN 'nothing' END END),
  ('options', CASE WHEN reloptions IS NOT NULL THEN (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(reloptions) AS o) END),
  ('tablespace', CASE WHEN reltablespace <> 0 THEN (SELECT spcname::text FROM pg_tablespace AS s WHERE s.oid = reltablespace) END),
  ('access method', CASE WHEN relam NOT IN (0, 2) THEN (SELECT amname::text FROM pg_am AS a WHERE a.oid = relam) END),
  ('populated', CASE WHEN relkind = 'm' THEN relispopulated::text END),
  ('partition bound', CASE WHEN relispartition THEN pg_get_expr(relpartbound, r.oid) END),
  ('partition key', CASE WHEN relkind = 'p' THEN pg_get_partkeydef(r.oid) END),
  ('of type', CASE WHEN reloftype <> 0 THEN format_type(reloftype, NULL) END),
  ('definition', CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid) END),
  -- what a view reads, by columns and functions: the same in every version, whatever its text looks like
  ('reads', CASE WHEN relkind IN ('v', 'm') THEN (SELECT string_agg(DISTINCT CASE WHEN a.attname IS NOT NULL
       THEN format('%I.%I.%I', n.nspname, c.relname, a.attname) ELSE format('%I.%I(%s)', pn.nspname, p.proname, oidvectortypes(p.proargtypes)) END COLLATE "C", ', ')
     FROM pg_rewrite AS w JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.deptype = 'n'
     LEFT JOIN (pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace)
       ON d.refclassid = 'pg_class'::regclass AND a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0 AND d.refobjid <> r.oid
     LEFT JOIN (pg_proc AS p JOIN pg_namespace AS pn ON pn.oid = p.pronamespace) ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
     WHERE w.ev_class = r.oid AND w.rulename = '_RETURN' AND (a.attname IS NOT NULL OR p.proname IS NOT NULL)) END)) AS f(fact, value) WHERE f.value IS NOT NULL
UNION ALL
SELECT 'relation', json_build_array(r.nspname, r.relname), 'parents', string_agg(format('%I.%I', n.nspname, p.relname), ', ' ORDER BY i.inhseqno)
FROM relation AS r JOIN pg_inherits AS i ON i.inhrelid = r.oid JOIN pg_class AS p ON p.oid = i.inhparent JOIN pg_namespace AS n ON n.oid = p.relnamespace
GROUP BY r.nspname, r.relname
UNION ALL
SELECT 'relation', json_build_array(r.nspname, r.relname), 'toast options', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(t.reloptions) AS o)
FROM relation AS r JOIN pg_class AS t ON t.oid = r.reltoastrelid WHERE t.reloptions IS NOT NULL
UNION ALL
-- in which order: an INSERT without a list of columns goes by it
SELECT 'relation', json_build_array(r.nspname, r.relname), 'column order', json_agg(a.attname ORDER BY a.attnum)::text
FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped GROUP BY r.nspname, r.relname
UNION ALL
SELECT 'column', json_build_array(r.nspname, r.relname, a.attname), f.fact, f.value
FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN LATERAL (VALUES ('type', format_type(a.atttypid, a.atttypmod)), ('not null', CASE WHEN a.attnotnull THEN 'true' END)) AS f(fact, value)
WHERE f.value IS NOT NULL
UNION ALL
SELECT 'column', json_build_array(r.nspname, r.relname, a.attname), f.fact, f.value
FROM relation AS r CROSS JOIN older
CROSS JOIN LATERAL (
  -- the names without a table are those of the catalog, or of "older" where it lacks them
  SELECT attname, atttypid, attidentity, attgenerated, attcollation, attstorage, attoptions, attfdwoptions, atthasdef, attnum,
         nullif(attstattarget::integer, -1) AS attstattarget, attcompression::text AS attcompression
  FROM pg_attribute WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped) AS a
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON a.atthasdef AND d.adrelid = r.oid AND d.adnum = a.attnum
CROSS JOIN LATERAL (VALUES
  ('default', CASE WHEN a.atthasdef AND a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END),
  ('generated', CASE a.attgenerated WHEN '' THEN NULL WHEN 's' THEN 'stored ' || pg_get_expr(d.adbin, d.adrelid) ELSE 'virtual ' || pg_get_expr(d.adbin, d.adrelid) END),
  ('identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END),
  ('collation', CASE WHEN a.attcollation <> t.typcollation THEN (SELECT format('%I.%I', n.nspname, l.collname) FROM pg_collation AS l
     JOIN pg_namespace AS n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation) END),
  ('storage', CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END),
  ('compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END),
  ('statistics target', a.attstattarget::text),
  ('options', CASE WHEN a.attoptions IS NOT NULL THEN (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(a.attoptions) AS o) END),
  ('foreign options', CASE WHEN a.attfdwoptions IS NOT NULL THEN (SELECT string_agg(split_part(o, '=', 1), ', ' ORDER BY o COLLATE "C")
     FROM unnest(a.attfdwoptions) AS o) END)) AS f(fact, value)
-- most columns have nothing of this
WHERE (a.atthasdef OR a.attidentity <> '' OR a.attcollation <> t.typcollation OR a.attstorage <> t.typstorage OR a.attcompression <> ''
       OR a.attstattarget IS NOT NULL OR a.attoptions IS NOT NULL OR a.attfdwoptions IS NOT NULL) AND f.value IS NOT NULL
UNION ALL
-- 18 knows a NOT NULL that is not validated, which a dump makes late
SELECT 'column', json_build_array(r.nspname, r.relname, a.attname), 'not null not valid', 'true'
FROM relation AS r JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype = 'n' AND NOT k.convalidated
JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = k.conkey[1]
UNION ALL
-- 18 has a row for each NOT NULL, which is a fact of the column; those of partitions follow their parent's
SELECT 'constraint', json_build_array(r.nspname, r.relname, k.conname), f.fact, f.value
FROM relation AS r JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype IN ('p', 'u', 'x', 'c', 'f') AND NOT (k.contype = 'f' AND k.conparentid <> 0)
CROSS JOIN LATERAL (VALUES
  ('definition', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')),
  ('not valid', CASE WHEN NOT k.convalidated THEN 'true' END),
  ('triggers', CASE WHEN k.contype = 'f' THEN (SELECT string_agg(DISTINCT g.tgenabled::text, '') FROM pg_trigger AS g
     WHERE g.tgconstraint = k.oid AND g.tgenabled <> 'O') END)) AS f(fact, value)
WHERE f.value IS NOT NULL
UNION ALL
-- that of a constraint is defined by it
SELECT 'index', json_build_array(r.nspname, r.relname, c.relname), f.fact, f.value
FROM relation AS r JOIN pg_index AS i ON i.indrelid = r.oid JOIN pg_class AS c ON c.oid = i.indexrelid
LEFT JOIN (SELECT DISTINCT conindid FROM pg_constraint WHERE contype IN ('p', 'u', 'x')) AS k ON k.conindid = c.oid
CROSS JOIN LATERAL (VALUES
  ('definition', CASE WHEN k.conindid IS NULL THEN pg_get_indexdef(c.oid) END),
  ('of constraint', CASE WHEN k.conindid IS NOT NULL THEN 'true' END),
  ('invalid', CASE WHEN NOT (i.indisvalid AND i.indisready AND i.indislive) THEN 'true' END),
  ('replica identity', CASE WHEN i.indisreplident THEN 'true' END), ('clustered', CASE WHEN i.indisclustered THEN 'true' END),
  ('tablespace', CASE WHEN c.reltablespace <> 0 THEN (SELECT spcname::text FROM pg_tablespace AS s WHERE s.oid = c.reltablespace) END)) AS f(fact, value)
WHERE f.value IS NOT NULL
UNION ALL
SELECT 'index', json_build_array(r.nspname, r.relname, c.relname), 'attached to', p.relname
FROM relation AS r JOIN pg_index AS i ON i.indrelid = r.oid JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_inherits AS h ON h.inhrelid = c.oid JOIN pg_class AS p ON p.oid = h.inhparent WHERE c.relispartition
UNION ALL
-- that of a partition follows its parent's: whether it counts as internal depends on the version
SELECT 'trigger', json_build_array(r.nspname, r.relname, g.tgname), f.fact, f.value
FROM relation AS r JOIN pg_trigger AS g ON g.tgrelid = r.oid AND NOT g.tgisinternal
  AND NOT (r.relispartition AND EXISTS (SELECT FROM pg_inherits AS i JOIN pg_trigger AS above ON above.tgrelid = i.inhparent
    WHERE i.inhrelid = r.oid AND above.tgname = g.tgname AND above.tgfoid = g.tgfoid))
CROSS JOIN LATERAL (VALUES
  ('definition', pg_get_triggerdef(g.oid)),
  ('enabled', CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END)) AS f(fact, value)
WHERE f.value IS NOT NULL
UNION ALL
SELECT 'rule', json_build_array(r.nspname, r.relname, w.rulename), f.fact, f.value
FROM relation AS r JOIN pg_rewrite AS w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
CROSS JOIN LATERAL (VALUES
  ('definition', pg_get_ruledef(w.oid)),
  ('enabled', CASE w.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END)) AS f(fact, value)
WHERE f.value IS NOT NULL
UNION ALL
SELECT 'policy', json_build_array(r.nspname, r.relname, p.polname), f.fact, f.value
FROM relation AS r JOIN pg_policy AS p ON p.polrelid = r.oid
CROSS JOIN LATERAL (VALUES
  ('command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END),
  ('restrictive', CASE WHEN NOT p.polpermissive THEN 'true' END),
  ('roles', (SELECT string_agg(role, ', ' ORDER BY role COLLATE "C") FROM (SELECT CASE WHEN o = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o)) END FROM unnest(p.polroles) AS o) AS named(role))),
  ('using', pg_get_expr(p.polqual, p.polrelid)), ('check', pg_get_expr(p.polwithcheck, p.polrelid))) AS f(fact, value)
WHERE f.value IS NOT NULL
UNION ALL
SELECT 'sequence', json_build_array(s.nspname, s.relname), f.fact, f.value
FROM sequence AS s JOIN pg_sequence AS q ON q.seqrelid = s.oid
CROSS JOIN LATERAL (VALUES
  ('type', format_type(q.seqtypid, NULL)), ('start', CASE WHEN q.seqstart <> 1 THEN q.seqstart::text END),
  ('increment', CASE WHEN q.seqincrement <> 1 THEN q.seqincrement::text END), ('minimum', CASE WHEN q.seqmin <> 1 THEN q.seqmin::text END),
  ('maximum', CASE WHEN q.seqmax <> CASE q.seqtypid WHEN 20 THEN 9223372036854775807 WHEN 23 THEN 2147483647 ELSE 32767 END THEN q.seqmax::text END),
  ('cache', CASE WHEN q.seqcache <> 1 THEN q.seqcache::text END), ('cycle', CASE WHEN q.seqcycle THEN 'true' END),
  ('owned by', (SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname) FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.refobjid
     JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
     WHERE d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.objsubid = 0 AND d.refclassid = 'pg_class'::regclass
       AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 LIMIT 1))) AS f(fact, value)
WHERE f.value IS NOT NULL
UNION ALL
SELECT 'statistics', json_build_array(n.nspname, x.stxname), f.fact, f.value
FROM older CROSS JOIN space AS n CROSS JOIN LATERAL (
  SELECT oid, stxname, nullif(stxstattarget::integer, -1) AS stxstattarget FROM pg_statistic_ext WHERE stxnamespace = n.oid) AS x
CROSS JOIN LATERAL (VALUES
  ('definition', pg_get_statisticsobjdef(x.oid)), ('statistics target', x.stxstattarget::text)) AS f(fact, value)
WHERE f.value IS NOT NULL
) TO STDOUT;
