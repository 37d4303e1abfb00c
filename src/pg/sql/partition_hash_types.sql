-- Partitioned tables whose rows are dealt out by hashes that differ from server to server: an enumerated value's is that of its label's
-- OID, and so are those of domains, arrays, ranges and composite types over it. One row a table and type.
-- Versions: 12 to 18 (multiranges from 14 on). Privileges: none beyond CONNECT. Locks: none. Cost: hash-partitioned tables only.
WITH RECURSIVE derived (base, oid) AS MATERIALIZED (
    SELECT t.typbasetype, t.oid FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
    UNION ALL
    SELECT a.atttypid, c.reltype FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    WHERE c.reltype <> 0 AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT t.oid, t.typarray FROM pg_catalog.pg_type t WHERE t.typarray <> 0
    UNION ALL
    SELECT r.rngsubtype, r.rngtypid FROM pg_catalog.pg_range r
    UNION ALL
    SELECT r.rngtypid, (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid FROM pg_catalog.pg_range r
     WHERE pg_catalog.to_jsonb(r) ? 'rngmultitypid'
), rehashed (oid) AS (
    SELECT t.oid FROM pg_catalog.pg_type t WHERE t.typtype = 'e'
    UNION
    SELECT d.oid FROM rehashed r JOIN derived d ON d.base = r.oid
)
SELECT p.partrelid AS oid, pg_catalog.format_type(a.atttypid, NULL) AS type
  FROM pg_catalog.pg_partitioned_table p
  JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = ANY (p.partattrs::int2[])
 WHERE p.partstrat = 'h' AND a.atttypid IN (SELECT r.oid FROM rehashed r)
UNION
-- an expression: the operator class tells what it is hashed as
SELECT p.partrelid, pg_catalog.format_type(o.opcintype, NULL)
  FROM pg_catalog.pg_partitioned_table p
  JOIN pg_catalog.pg_opclass o ON o.oid = ANY (p.partclass::oid[])
 WHERE p.partstrat = 'h' AND p.partexprs IS NOT NULL
   AND o.opcintype IN ('pg_catalog.anyenum'::pg_catalog.regtype, 'pg_catalog.record'::pg_catalog.regtype)
