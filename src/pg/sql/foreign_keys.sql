-- Declared foreign keys by their parts; the copies that partitions inherit are left out. One row a constraint.
-- Versions: 12 to 18; to_jsonb gives the columns that only newer ones have: confdelsetcols (15), conenforced and conperiod (18).
-- Privileges: none beyond CONNECT. Locks: none. Cost: about 20 us a constraint.
SELECT k.conname::text AS name,
       fn.nspname::text AS from_schema,
       f.relname::text AS from_name,
       tn.nspname::text AS to_schema,
       t.relname::text AS to_name,
       ARRAY(SELECT (SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = c.attnum)
               FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS c (attnum, place) ORDER BY c.place) AS columns,
       ARRAY(SELECT (SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = c.attnum)
               FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS c (attnum, place) ORDER BY c.place) AS referenced_columns,
       ARRAY(SELECT (SELECT a.attname::text FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = k.conrelid AND a.attnum = c.attnum::int2)
               FROM pg_catalog.jsonb_array_elements_text(
                      CASE pg_catalog.jsonb_typeof(j.newer -> 'confdelsetcols')
                        WHEN 'array' THEN j.newer -> 'confdelsetcols' ELSE '[]' END) WITH ORDINALITY AS c (attnum, place)
              ORDER BY c.place) AS on_delete_columns,
       k.confmatchtype::text AS match_type,
       k.confupdtype::text AS on_update,
       k.confdeltype::text AS on_delete,
       k.condeferrable AS deferrable,
       k.condeferred AS initially_deferred,
       k.convalidated AS validated,
       coalesce((j.newer ->> 'conenforced')::bool, true) AS enforced,
       coalesce((j.newer ->> 'conperiod')::bool, false) AS period
  FROM pg_catalog.pg_constraint k
 CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(k) AS newer OFFSET 0) j
  JOIN pg_catalog.pg_class f ON f.oid = k.conrelid
  JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = k.confrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0
