-- Why a relation is not read by this role: code of others that the server runs as whoever reads it. The planner computes those parts of
-- index expressions, predicates, statistics and partition keys that look constant, and believes their owner that they are. Null when
-- there is none, or when somebody accepts it (:foreign_code = yes) and this role may do no more than read. Once a session, before it
-- only reads.
\if :{?has_foreign_code} \else
CREATE FUNCTION pg_temp.foreign_code_of(relation oid) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
  WITH RECURSIVE tree AS (
    SELECT $1 AS oid
    UNION SELECT i.inhrelid FROM tree JOIN pg_inherits AS i ON i.inhparent = tree.oid
  ), part AS (
    SELECT 'pg_class'::regclass AS classid, i.indexrelid AS objid, 'index ' || quote_ident(c.relname) AS what
    FROM tree JOIN pg_index AS i ON i.indrelid = tree.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) JOIN pg_class AS c ON c.oid = i.indexrelid
    UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid, 'statistics ' || quote_ident(s.stxname) FROM tree JOIN pg_statistic_ext AS s ON s.stxrelid = tree.oid
    UNION ALL SELECT 'pg_class'::regclass, p.partrelid, 'the partition key of ' || quote_ident(c.relname)
    FROM tree JOIN pg_partitioned_table AS p ON p.partrelid = tree.oid JOIN pg_class AS c ON c.oid = p.partrelid
  ), code AS (
    SELECT part.what, 'function' AS kind, f.proname AS name, f.proowner AS owner
    FROM part JOIN pg_depend AS d ON d.classid = part.classid AND d.objid = part.objid AND d.refclassid = 'pg_proc'::regclass
    JOIN pg_proc AS f ON f.oid = d.refobjid
    UNION ALL SELECT part.what, 'operator', o.oprname, o.oprowner
    FROM part JOIN pg_depend AS d ON d.classid = part.classid AND d.objid = part.objid AND d.refclassid = 'pg_operator'::regclass
    JOIN pg_operator AS o ON o.oid = d.refobjid
    UNION ALL SELECT part.what, 'operator class', o.opcname, o.opcowner
    FROM part JOIN pg_depend AS d ON d.classid = part.classid AND d.objid = part.objid AND d.refclassid = 'pg_opclass'::regclass
    JOIN pg_opclass AS o ON o.oid = d.refobjid
  )
  SELECT min(format('%s calls %s %s of role %I', c.what, c.kind, c.name, r.rolname))
  FROM code AS c JOIN pg_roles AS r ON r.oid = c.owner AND NOT r.rolsuper AND r.rolname <> current_user
$pgslotplan$;
CREATE FUNCTION pg_temp.foreign_code(relation oid) RETURNS text LANGUAGE plpgsql STABLE AS $pgslotplan$ BEGIN
  -- most tables have nothing of the kind, and the pause looks at each
  IF NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation AND (c.relkind = 'p' OR c.relhassubclass))
     AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = relation AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
     AND NOT EXISTS (SELECT FROM pg_statistic_ext AS s WHERE s.stxrelid = relation) THEN
    RETURN NULL;
  END IF;
  IF current_setting('pgslotplan.foreign_code', true) = 'yes' THEN
    IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE (r.rolsuper OR r.rolcreaterole OR r.rolreplication
         OR r.rolname IN ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files')) AND pg_has_role(r.oid, 'MEMBER')) THEN
      RETURN NULL;
    END IF;
  END IF;
  RETURN pg_temp.foreign_code_of(relation) || ', which reading would run as this role';
END $pgslotplan$;
\set has_foreign_code on
\endif
