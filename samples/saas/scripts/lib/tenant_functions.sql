-- Functions of roles that are no superusers, and not our own, that stand behind tables: one row a table, a function and the
-- way by which it runs:
--   check, domain, generated, trigger     when a row is written; triggers that are enabled ALWAYS or REPLICA
--   index, partition key                  when a row is written, and when a query of the table is planned
--   statistics                            when a query of the table is planned
--   default                               when a row is written that has no value for the column
--   foreign key                           an implicit cast of a column of it: when the foreign key is validated
-- Whoever writes or plans runs them, whatever the owner of the table: CREATE INDEX, ANALYZE and VACUUM alone change to the
-- owner. Operators, domains, composite types and SQL-standard bodies in between are followed; what a function calls by a text
-- cannot be seen.
-- Versions: 12 to 18. Privileges: none. Locks: none. `check` runs what stands between the marks by itself.
\if :{?has_tenant_functions} \else
\set has_tenant_functions on
CREATE FUNCTION pg_temp.tenant_functions() RETURNS TABLE (schema_name text, table_name text, function text, owner text, runs text)
LANGUAGE sql STABLE AS $pgslotplan$
WITH RECURSIVE holder (relid, runs, classid, objid, objsubid) AS (
  SELECT k.conrelid, 'check', 'pg_catalog.pg_constraint'::pg_catalog.regclass::oid, k.oid, 0
    FROM pg_catalog.pg_constraint AS k WHERE k.contype = 'c' AND k.conrelid <> 0
  UNION ALL
  SELECT v.adrelid, CASE WHEN a.attgenerated = '' THEN 'default' ELSE 'generated' END, w.classid, w.objid, w.objsubid
    FROM pg_catalog.pg_attrdef AS v JOIN pg_catalog.pg_attribute AS a ON a.attrelid = v.adrelid AND a.attnum = v.adnum
   -- up to 14 the column depends on what its generation expression uses
   CROSS JOIN LATERAL (SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass::oid, v.oid, 0
                       UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, v.adrelid, v.adnum WHERE a.attgenerated <> '') AS w (classid, objid, objsubid)
  UNION ALL
  SELECT i.indrelid, 'index', 'pg_catalog.pg_class'::pg_catalog.regclass::oid, i.indexrelid, 0
    FROM pg_catalog.pg_index AS i WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
  UNION ALL
  SELECT s.stxrelid, 'statistics', 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass::oid, s.oid, 0 FROM pg_catalog.pg_statistic_ext AS s
  UNION ALL
  SELECT t.tgrelid, 'trigger', 'pg_catalog.pg_trigger'::pg_catalog.regclass::oid, t.oid, 0
    FROM pg_catalog.pg_trigger AS t WHERE t.tgenabled IN ('A', 'R') AND NOT t.tgisinternal
  UNION ALL
  SELECT p.partrelid, 'partition key', 'pg_catalog.pg_class'::pg_catalog.regclass::oid, p.partrelid, 0
    FROM pg_catalog.pg_partitioned_table AS p WHERE p.partexprs IS NOT NULL
), reference (classid, objid, objsubid, refclassid, refobjid) AS (
  SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid FROM pg_catalog.pg_depend AS d
   WHERE d.refobjid >= 16384
     AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass)
), edge (classid, objid, refclassid, refobjid) AS (
  SELECT r.classid, r.objid, r.refclassid, r.refobjid FROM reference AS r
   WHERE r.classid IN ('pg_catalog.pg_constraint'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)
  UNION ALL
  SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass::oid, o.oid, 'pg_catalog.pg_proc'::pg_catalog.regclass::oid, o.oprcode::oid
    FROM pg_catalog.pg_operator AS o WHERE o.oid >= 16384
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::oid, k.contypid, 'pg_catalog.pg_constraint'::pg_catalog.regclass::oid, k.oid
    FROM pg_catalog.pg_constraint AS k WHERE k.contypid <> 0
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::oid, w.oid, 'pg_catalog.pg_type'::pg_catalog.regclass::oid, w.inner_oid
    FROM (SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type AS t WHERE t.typtype = 'd'
          UNION ALL SELECT t.oid, t.typelem FROM pg_catalog.pg_type AS t WHERE t.typelem <> 0
          UNION ALL SELECT r.rngtypid, r.rngsubtype FROM pg_catalog.pg_range AS r
          -- multiranges came with 14
          UNION ALL SELECT (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::oid, r.rngtypid FROM pg_catalog.pg_range AS r
          UNION ALL SELECT t.oid, a.atttypid FROM pg_catalog.pg_type AS t
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped WHERE t.typtype = 'c' AND a.atttypid >= 16384
         ) AS w (oid, inner_oid) WHERE w.inner_oid >= 16384
), used (relid, runs, classid, objid) AS (
  (SELECT h.relid, h.runs, r.refclassid, r.refobjid FROM holder AS h JOIN reference AS r ON r.classid = h.classid AND r.objid = h.objid AND r.objsubid = h.objsubid
   UNION
   SELECT a.attrelid, 'domain', 'pg_catalog.pg_type'::pg_catalog.regclass::oid, a.atttypid
     FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    WHERE a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384
   UNION
   SELECT k.conrelid, 'foreign key', 'pg_catalog.pg_proc'::pg_catalog.regclass::oid, x.castfunc
     FROM pg_catalog.pg_constraint AS k
     JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) OR a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey)
     JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
     JOIN pg_catalog.pg_cast AS x ON x.castsource IN (t.oid, t.typbasetype) AND x.castcontext = 'i' AND x.castfunc >= 16384
    WHERE k.contype = 'f')
  UNION
  SELECT u.relid, u.runs, e.refclassid, e.refobjid FROM used AS u JOIN edge AS e ON e.classid = u.classid AND e.objid = u.objid
)
SELECT DISTINCT n.nspname::text AS schema_name, c.relname::text AS table_name,
       pg_catalog.format('%I.%I(%s)', fn.nspname, f.proname, pg_catalog.pg_get_function_identity_arguments(f.oid)) AS function, r.rolname::text AS owner, u.runs
  FROM used AS u
  JOIN pg_catalog.pg_proc AS f ON u.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.oid = u.objid
  JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.pronamespace
  JOIN pg_catalog.pg_roles AS r ON r.oid = f.proowner AND NOT r.rolsuper AND r.rolname <> current_user
  JOIN pg_catalog.pg_class AS c ON c.oid = u.relid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
$pgslotplan$;
;
\endif
