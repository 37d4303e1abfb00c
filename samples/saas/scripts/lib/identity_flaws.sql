-- What stands against replicating UPDATE and DELETE of tables with the identity that they have. Once a session.
--
-- Types without equality: no default operator class of btree or hash takes them; neither do domains and arrays over them and
-- composite types that hold them. The query between the quotes is read by the program too.
\if :{?has_identity_flaws} \else
CREATE FUNCTION pg_temp.types_without_equality() RETURNS SETOF oid LANGUAGE sql STABLE AS $pgslotplan$
WITH RECURSIVE derived (base, oid) AS MATERIALIZED (
    SELECT t.typbasetype, t.oid FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
    UNION ALL
    SELECT a.atttypid, c.reltype FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind = 'c' AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT t.oid, t.typarray FROM pg_catalog.pg_type t WHERE t.typarray <> 0
), incomparable (oid) AS (
    SELECT t.oid FROM pg_catalog.pg_type t
    WHERE t.typtype = 'b' AND NOT (t.typlen = -1 AND t.typelem <> 0)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
        WHERE o.opcdefault AND m.amname IN ('btree', 'hash')
          AND (o.opcintype = t.oid OR EXISTS (SELECT FROM pg_catalog.pg_cast k
            WHERE k.castsource = t.oid AND k.casttarget = o.opcintype AND k.castmethod = 'b' AND k.castcontext = 'i')))
    UNION
    SELECT d.oid FROM incomparable i JOIN derived d ON d.base = i.oid
)
SELECT i.oid FROM incomparable i
$pgslotplan$;
-- One table: null when its rows can be found. refuses_generated: one of the servers refuses an identity with generated columns.
CREATE FUNCTION pg_temp.identity_flaw(relation oid, refuses_generated boolean) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
  SELECT CASE
    WHEN c.relreplident = 'f' AND refuses_generated AND whole.generated IS NOT NULL
      THEN format('table %s has replica identity FULL and generated columns (%s): version 18 refuses its UPDATE and DELETE once it is published', c.oid::regclass, whole.generated)
    WHEN key.generated IS NOT NULL
      THEN format('the key of table %s has generated columns (%s), which are not sent: the first UPDATE or DELETE would stop the slot', c.oid::regclass, key.generated)
    WHEN c.relreplident = 'f' AND key.indexrelid IS NULL AND whole.incomparable IS NOT NULL
      THEN format('table %s has replica identity FULL, no key, and columns that cannot be compared (%s): the first UPDATE or DELETE would stop the slot', c.oid::regclass, whole.incomparable)
  END
  FROM pg_class AS c
  CROSS JOIN LATERAL (
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attgenerated <> '') AS generated,
           string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.atttypid IN (SELECT pg_temp.types_without_equality())) AS incomparable
    FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS whole
  LEFT JOIN LATERAL (
    -- by which a subscriber finds rows: the identity's index, else the primary key
    SELECT i.indexrelid, (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]) AND a.attgenerated <> '') AS generated
    FROM pg_index AS i
    WHERE i.indrelid = c.oid AND CASE WHEN c.relreplident = 'i' THEN i.indisreplident ELSE i.indisprimary END) AS key ON true
  WHERE c.oid = relation
$pgslotplan$;
\set has_identity_flaws on
\endif
