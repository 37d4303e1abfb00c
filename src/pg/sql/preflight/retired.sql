-- Objects that a later version refuses to make: what they are, their name, and the first version without them. As pg_upgrade --check.
-- $1 whether array functions are those before 14.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
WITH polymorphic AS (
  -- array functions, which take anycompatiblearray from 14 on
  SELECT p.oid FROM pg_catalog.pg_proc p
   WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND $1
     AND p.proname IN ('array_append', 'array_cat', 'array_prepend', 'array_position', 'array_positions', 'array_remove', 'array_replace', 'width_bucket')
     AND p.proargtypes::pg_catalog.oid[] && ARRAY['anyarray'::pg_catalog.regtype::pg_catalog.oid, 'anyelement'::pg_catalog.regtype::pg_catalog.oid]
)
SELECT n.nspname::text AS schema, p.proname::text AS name, 'aggregate over an array function that has other arguments' AS what, 14 AS gone_in
  FROM pg_catalog.pg_aggregate a
  JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid AND p.oid >= 16384
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE a.aggtransfn IN (SELECT oid FROM polymorphic) OR a.aggfinalfn IN (SELECT oid FROM polymorphic)
    OR a.aggmtransfn IN (SELECT oid FROM polymorphic) OR a.aggmfinalfn IN (SELECT oid FROM polymorphic)
UNION ALL
SELECT n.nspname::text, o.oprname::text,
       CASE WHEN o.oprright = 0 THEN 'postfix operator' ELSE 'operator over an array function that has other arguments' END, 14
  FROM pg_catalog.pg_operator o
  JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
 WHERE o.oid >= 16384 AND (o.oprright = 0 OR o.oprcode IN (SELECT oid FROM polymorphic))
UNION ALL
SELECT n.nspname::text, c.conname::text, 'conversion between encodings, whose function has other arguments', 14
  FROM pg_catalog.pg_conversion c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace
 WHERE c.oid >= 16384 AND $1
