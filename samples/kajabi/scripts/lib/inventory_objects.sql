-- What the database holds beside relations: schemas, functions, types, operators, casts, text search, extensions, foreign servers,
-- event triggers, publications, subscriptions and slots, large objects.
--
-- Each row is a fact: kind, identity (a JSON array of names), fact, value. A fact that is as usual has no row; every object has one
-- at least. Left out: what belongs to an extension or to the server, schema pgslotplan, temporary objects. No secret is read.
-- Versions: 12 to 18; to_jsonb gives the columns that only newer ones have. Privileges: none beyond CONNECT. Locks: none.
COPY (
WITH space AS MATERIALIZED (
  SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'pgslotplan')
), inner_object AS MATERIALIZED (
  -- of an extension, or made along with a type
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e' OR (deptype = 'i' AND classid IN ('pg_proc'::regclass, 'pg_cast'::regclass))
), named_collation AS (
  -- but the database's own
  SELECT c.oid, format('%I.%I', n.nspname, c.collname) AS name FROM pg_collation AS c JOIN pg_namespace AS n ON n.oid = c.collnamespace
  WHERE c.collname <> 'default'
), function AS (
  SELECT json_build_array(n.nspname, p.proname, oidvectortypes(p.proargtypes)) AS identity, p.*,
         CASE WHEN to_jsonb(p) ->> 'prosqlbody' IS NOT NULL THEN pg_get_functiondef(p.oid) END AS standard_body
  FROM pg_proc AS p JOIN space AS n ON n.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid)
), type AS (
  SELECT json_build_array(n.nspname, t.typname) AS identity, t.* FROM pg_type AS t JOIN space AS n ON n.oid = t.typnamespace
  WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type AS e WHERE e.typarray = t.oid))
         OR (t.typtype = 'c' AND EXISTS (SELECT FROM pg_class AS c WHERE c.oid = t.typrelid AND c.relkind = 'c')))
    AND NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_type'::regclass AND i.objid = t.oid)
), operator AS (
  SELECT json_build_array(n.nspname, o.oprname, o.oprleft::regtype, o.oprright::regtype) AS identity, o.*
  FROM pg_operator AS o JOIN space AS n ON n.oid = o.oprnamespace
  WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_operator'::regclass AND i.objid = o.oid)
)
SELECT 'schema', json_build_array(nspname), 'exists', 'true' FROM space
WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_namespace'::regclass AND i.objid = space.oid)
UNION ALL
SELECT 'function', p.identity, f.fact, f.value FROM function AS p LEFT JOIN pg_aggregate AS a ON a.aggfnoid = p.oid, LATERAL (VALUES
  ('kind', CASE p.prokind WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'window function' END),
  ('returns', pg_get_function_result(p.oid)), ('arguments', pg_get_function_arguments(p.oid)),
  ('language', (SELECT lanname::text FROM pg_language AS l WHERE l.oid = p.prolang)),
  ('body', CASE WHEN p.prokind <> 'a' AND p.standard_body IS NULL THEN 'md5 ' || md5(convert_to(coalesce(p.probin, '') || ' ' || p.prosrc, 'UTF8')) END),
  ('definition', p.standard_body),
  ('volatility', CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' END),
  ('security', CASE WHEN p.prosecdef THEN 'definer' END), ('strict', CASE WHEN p.proisstrict THEN 'true' END),
  ('leakproof', CASE WHEN p.proleakproof THEN 'true' END), ('parallel', CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END),
  ('cost', p.procost::text), ('rows', CASE WHEN p.proretset THEN p.prorows::text END),
  ('support', CASE WHEN p.prosupport <> 0 THEN p.prosupport::regprocedure::text END),
  ('settings', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(p.proconfig) AS o)),
  ('aggregate', CASE WHEN a.aggfnoid IS NOT NULL THEN concat_ws(' ', a.aggkind, a.aggnumdirectargs, a.aggtransfn::oid::regprocedure, a.aggfinalfn::oid::regprocedure,
     a.aggcombinefn::oid::regprocedure, a.aggserialfn::oid::regprocedure, a.aggdeserialfn::oid::regprocedure, a.aggmtransfn::oid::regprocedure,
     a.aggminvtransfn::oid::regprocedure, a.aggmfinalfn::oid::regprocedure, a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify, a.aggmfinalmodify,
     a.aggsortop::regoperator, a.aggtranstype::regtype, a.aggtransspace, a.aggmtranstype::regtype, a.aggmtransspace, a.agginitval, a.aggminitval) END)
  ) AS f(fact, value) WHERE f.value IS NOT NULL
UNION ALL
SELECT 'type', t.identity, f.fact, f.value FROM type AS t LEFT JOIN pg_range AS g ON g.rngtypid = t.oid, LATERAL (VALUES
  ('kind', CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' WHEN 'c' THEN 'composite type' ELSE 'base type' END),
  ('labels', (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid)),
  ('attributes', CASE WHEN t.typtype = 'c' THEN (SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
       || coalesce(' COLLATE ' || named.name, ''), ', ' ORDER BY a.attnum)
     FROM pg_attribute AS a LEFT JOIN named_collation AS named ON named.oid = a.attcollation
     WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END),
  ('of', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END),
  ('not null', CASE WHEN t.typnotnull THEN 'true' END),
  ('default', CASE WHEN t.typtype = 'd' THEN t.typdefault END),
  ('collation', (SELECT named.name FROM named_collation AS named WHERE named.oid = CASE t.typtype WHEN 'd' THEN t.typcollation ELSE g.rngcollation END)),
  ('range', CASE WHEN g.rngtypid IS NOT NULL THEN concat_ws(' ', g.rngsubtype::regtype, (SELECT opcname FROM pg_opclass AS o WHERE o.oid = g.rngsubopc),
     g.rngcanonical::oid::regprocedure, g.rngsubdiff::oid::regprocedure) END),
  ('base type', CASE WHEN t.typtype = 'b' THEN concat_ws(' ', t.typlen, t.typbyval, t.typcategory, t.typispreferred, t.typdelim, t.typalign, t.typstorage,
     t.typinput::oid::regprocedure, t.typoutput::oid::regprocedure, t.typreceive::oid::regprocedure, t.typsend::oid::regprocedure,
     t.typmodin::oid::regprocedure, t.typmodout::oid::regprocedure) END)) AS f(fact, value) WHERE f.value IS NOT NULL
UNION ALL
SELECT 'domain_constraint', (t.identity::jsonb || to_jsonb(k.conname::text))::json, f.fact, f.value
FROM type AS t JOIN pg_constraint AS k ON k.contypid = t.oid AND k.contype = 'c', LATERAL (VALUES
  ('definition', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')),
  ('not valid', CASE WHEN NOT k.convalidated THEN 'true' END)) AS f(fact, value) WHERE f.value IS NOT NULL
UNION ALL
SELECT 'operator', o.identity, 'definition', concat_ws(' ', o.oprcode::oid::regprocedure, 'result ' || o.oprresult::regtype, 'commutator ' || nullif(o.oprcom, 0)::regoperator,
  'negator ' || nullif(o.oprnegate, 0)::regoperator, 'restrict ' || nullif(o.oprrest::oid, 0)::regprocedure, 'join ' || nullif(o.oprjoin::oid, 0)::regprocedure,
  CASE WHEN o.oprcanhash THEN 'hashes' END, CASE WHEN o.oprcanmerge THEN 'merges' END) FROM operator AS o
UNION ALL
SELECT 'operator_class', json_build_array(n.nspname, o.opcname, m.amname), 'definition', concat_ws(' ', o.opcintype::regtype,
  CASE WHEN o.opcdefault THEN 'default' END, 'family ' || f.opfname, 'storage ' || nullif(o.opckeytype, 0)::regtype)
FROM pg_opclass AS o JOIN space AS n ON n.oid = o.opcnamespace JOIN pg_am AS m ON m.oid = o.opcmethod JOIN pg_opfamily AS f ON f.oid = o.opcfamily
WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_opclass'::regclass AND i.objid = o.oid)
UNION ALL
SELECT 'operator_family', json_build_array(n.nspname, o.opfname, m.amname), 'members', coalesce((SELECT string_agg(line, '; ' ORDER BY line COLLATE "C") FROM (
    SELECT concat_ws(' ', a.amopstrategy, a.amopopr::regoperator, a.amoppurpose) FROM pg_amop AS a WHERE a.amopfamily = o.oid
    UNION ALL
    SELECT concat_ws(' ', p.amprocnum, p.amproclefttype::regtype, p.amprocrighttype::regtype, p.amproc::oid::regprocedure) FROM pg_amproc AS p WHERE p.amprocfamily = o.oid
  ) AS member(line)), '')
FROM pg_opfamily AS o JOIN space AS n ON n.oid = o.opfnamespace JOIN pg_am AS m ON m.oid = o.opfmethod
WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_opfamily'::regclass AND i.objid = o.oid)
UNION ALL
SELECT 'cast', json_build_array(c.castsource::regtype, c.casttarget::regtype), 'definition', concat_ws(' ',
  CASE c.castmethod WHEN 'f' THEN 'function ' || c.castfunc::regprocedure WHEN 'i' THEN 'inout' ELSE 'binary' END,
  CASE c.castcontext WHEN 'a' THEN 'assignment' WHEN 'i' THEN 'implicit' END)
FROM pg_cast AS c WHERE c.oid >= 16384 AND NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_cast'::regclass AND i.objid = c.oid)
UNION ALL
SELECT 'collation', json_build_array(n.nspname, c.collname), f.fact, f.value
FROM pg_collation AS c JOIN space AS n ON n.oid = c.collnamespace, LATERAL (SELECT to_jsonb(c)) AS j(fields), LATERAL (VALUES
  ('provider', CASE c.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'default' END),
  ('locale', coalesce(fields ->> 'colllocale', fields ->> 'colliculocale', fields ->> 'collcollate')),
  ('ctype', CASE WHEN c.collprovider = 'c' THEN fields ->> 'collctype' END), ('rules', fields ->> 'collicurules'),
  ('nondeterministic', CASE WHEN NOT c.collisdeterministic THEN 'true' END)) AS f(fact, value)
WHERE f.value IS NOT NULL AND NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_collation'::regclass AND i.objid = c.oid)
UNION ALL
SELECT 'conversion', json_build_array(n.nspname, c.conname), 'definition', concat_ws(' ', pg_encoding_to_char(c.conforencoding),
  pg_encoding_to_char(c.contoencoding), (SELECT proname FROM pg_proc AS p WHERE p.oid = c.conproc), CASE WHEN c.condefault THEN 'default' END)
FROM pg_conversion AS c JOIN space AS n ON n.oid = c.connamespace
WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_conversion'::regclass AND i.objid = c.oid)
UNION ALL
SELECT 'text_search_configuration', json_build_array(n.nspname, c.cfgname), 'definition', concat_ws(' ', p.prsname, (
    SELECT string_agg(concat_ws(' ', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), '; ' ORDER BY m.maptokentype, m.mapseqno)
    FROM pg_ts_config_map AS m WHERE m.mapcfg = c.oid))
FROM pg_ts_config AS c JOIN space AS n ON n.oid = c.cfgnamespace JOIN pg_ts_parser AS p ON p.oid = c.cfgparser
WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_ts_config'::regclass AND i.objid = c.oid)
UNION ALL
SELECT 'text_search_dictionary', json_build_array(n.nspname, c.dictname), 'definition', concat_ws(' ', p.tmplname, c.dictinitoption)
FROM pg_ts_dict AS c JOIN space AS n ON n.oid = c.dictnamespace JOIN pg_ts_template AS p ON p.oid = c.dicttemplate
WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_ts_dict'::regclass AND i.objid = c.oid)
UNION ALL
SELECT 'text_search_template', json_build_array(n.nspname, c.tmplname), 'definition', concat_ws(' ', c.tmplinit::oid::regprocedure, c.tmpllexize::oid::regprocedure)
FROM pg_ts_template AS c JOIN space AS n ON n.oid = c.tmplnamespace
WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_ts_template'::regclass AND i.objid = c.oid)
UNION ALL
SELECT 'text_search_parser', json_build_array(n.nspname, c.prsname), 'definition', concat_ws(' ', c.prsstart::oid::regprocedure, c.prstoken::oid::regprocedure,
  c.prsend::oid::regprocedure, c.prsheadline::oid::regprocedure, c.prslextype::oid::regprocedure)
FROM pg_ts_parser AS c JOIN space AS n ON n.oid = c.prsnamespace
WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_ts_parser'::regclass AND i.objid = c.oid)
UNION ALL
SELECT 'language', json_build_array(l.lanname), 'definition', concat_ws(' ', CASE WHEN l.lanpltrusted THEN 'trusted' END, nullif(l.lanplcallfoid, 0)::regprocedure)
FROM pg_language AS l WHERE l.oid >= 16384 AND NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_language'::regclass AND i.objid = l.oid)
UNION ALL
SELECT 'transform', json_build_array(t.trftype::regtype, l.lanname), 'definition', concat_ws(' ', nullif(t.trffromsql::oid, 0)::regprocedure, nullif(t.trftosql::oid, 0)::regprocedure)
FROM pg_transform AS t JOIN pg_language AS l ON l.oid = t.trflang
WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_transform'::regclass AND i.objid = t.oid)
UNION ALL
SELECT 'access_method', json_build_array(a.amname), 'definition', concat_ws(' ', a.amtype, a.amhandler::oid::regprocedure)
FROM pg_am AS a WHERE a.oid >= 16384 AND NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_am'::regclass AND i.objid = a.oid)
UNION ALL
SELECT 'extension', json_build_array(e.extname), f.fact, f.value
FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace, LATERAL (VALUES
  ('version', e.extversion), ('schema', n.nspname::text)) AS f(fact, value)
UNION ALL
-- tables of an extension, whose rows may belong to users: neither a dump of the schema nor a publication brings them
SELECT 'extension_table', json_build_array(e.extname, n.nspname, c.relname), 'holds rows', CASE WHEN pg_relation_size(c.oid) > 0 THEN 'true' ELSE 'false' END
FROM pg_extension AS e JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
JOIN pg_class AS c ON c.oid = d.objid AND c.relkind = 'r' JOIN pg_namespace AS n ON n.oid = c.relnamespace
UNION ALL
SELECT 'foreign_data_wrapper', json_build_array(w.fdwname), 'definition', concat_ws(' ', nullif(w.fdwhandler, 0)::regprocedure, nullif(w.fdwvalidator, 0)::regprocedure,
  (SELECT string_agg(split_part(o, '=', 1), ', ' ORDER BY o COLLATE "C") FROM unnest(w.fdwoptions) AS o))
FROM pg_foreign_data_wrapper AS w WHERE NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_foreign_data_wrapper'::regclass AND i.objid = w.oid)
UNION ALL
-- an option may be a secret: a digest of a server's, the names alone of a user's
SELECT 'foreign_server', json_build_array(s.srvname), f.fact, f.value
FROM pg_foreign_server AS s JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw, LATERAL (VALUES
  ('wrapper', w.fdwname::text), ('type', s.srvtype), ('version', s.srvversion),
  ('options', (SELECT string_agg(split_part(o, '=', 1) || ' md5 ' || md5(convert_to(o, 'UTF8')), ', ' ORDER BY o COLLATE "C") FROM unnest(s.srvoptions) AS o))) AS f(fact, value)
WHERE f.value IS NOT NULL AND NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_foreign_server'::regclass AND i.objid = s.oid)
UNION ALL
SELECT 'user_mapping', json_build_array(m.srvname, CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE m.usename::text END), 'options',
  coalesce((SELECT string_agg(split_part(o, '=', 1), ', ' ORDER BY o COLLATE "C") FROM unnest(m.umoptions) AS o), '')
FROM pg_user_mappings AS m
UNION ALL
SELECT 'foreign_table', json_build_array(n.nspname, c.relname), f.fact, f.value
FROM pg_foreign_table AS t JOIN pg_class AS c ON c.oid = t.ftrelid JOIN space AS n ON n.oid = c.relnamespace JOIN pg_foreign_server AS s ON s.oid = t.ftserver, LATERAL (VALUES
  ('server', s.srvname::text),
  ('options', (SELECT string_agg(split_part(o, '=', 1) || ' md5 ' || md5(convert_to(o, 'UTF8')), ', ' ORDER BY o COLLATE "C") FROM unnest(t.ftoptions) AS o))) AS f(fact, value)
WHERE f.value IS NOT NULL AND NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_class'::regclass AND i.objid = c.oid)
UNION ALL
SELECT 'event_trigger', json_build_array(e.evtname), f.fact, f.value FROM pg_event_trigger AS e, LATERAL (VALUES
  ('definition', concat_ws(' ', e.evtevent, (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(e.evttags) AS o), e.evtfoid::oid::regprocedure)),
  ('enabled', CASE e.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END)) AS f(fact, value)
WHERE f.value IS NOT NULL AND NOT EXISTS (SELECT FROM inner_object AS i WHERE i.classid = 'pg_event_trigger'::regclass AND i.objid = e.oid)
UNION ALL
SELECT 'publication', json_build_array(p.pubname), f.fact, f.value FROM pg_publication AS p, LATERAL (VALUES
  ('publishes', concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
     CASE WHEN p.pubtruncate THEN 'truncate' END, CASE WHEN to_jsonb(p) ->> 'pubviaroot' = 'true' THEN 'through the root' END)),
  ('all tables', CASE WHEN p.puballtables THEN 'true' END),
  ('tables', CASE WHEN NOT p.puballtables THEN (SELECT string_agg(format('%I.%I', t.schemaname, t.tablename), ', ' ORDER BY t.schemaname, t.tablename)
     FROM pg_publication_tables AS t WHERE t.pubname = p.pubname) END)) AS f(fact, value) WHERE f.value IS NOT NULL
UNION ALL
SELECT 'subscription', json_build_array(s.subname), f.fact, f.value
FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database(), LATERAL (VALUES
  ('enabled', s.subenabled::text), ('slot', s.subslotname::text), ('publications', array_to_string(s.subpublications, ', '))) AS f(fact, value) WHERE f.value IS NOT NULL
UNION ALL
SELECT 'slot', json_build_array(slot_name), 'plugin', plugin::text FROM pg_replication_slots
WHERE slot_type = 'logical' AND database = current_database() AND NOT temporary AND slot_name !~ '^pg_[0-9]+_sync_[0-9]+_' AND slot_name <> 'pg_conflict_detection'
UNION ALL
SELECT 'large_objects', json_build_array(pg_get_userbyid(lomowner)), 'count', count(*)::text FROM pg_largeobject_metadata GROUP BY lomowner
) TO STDOUT;
