-- Reads a slot of test_decoding on to a position and sums up what it says; the text of the changes never leaves the
-- server. $1 slot, $2 position (text), $3 changes after which no further transaction is begun.
-- Versions: 12 to 18. Privileges: REPLICATION (or superuser). Locks: none lasting. Cost: decoding, about 4 ms of CPU a MB
-- of WAL and 14 ms a MB of changes.
-- Rows: per table, operation and whether the old row is there ("rows"); per table ("transactions"); all ("all"); per
-- pair of tables that one transaction changed ("pair"), partitions under their root, transactions over more than 30 tables
-- left out, since they would make hundreds of pairs each and bind nothing.
WITH changes AS MATERIALIZED (
    SELECT c.xid::text AS xid, c.data, pg_catalog.octet_length(c.data) AS octets,
           pg_catalog.regexp_match(pg_catalog.left(c.data, 320),
               '^(table ((?:"(?:[^"]|"")+"|[^".: ]+)\.(?:"(?:[^"]|"")+"|[^": ]+)): (INSERT|UPDATE|DELETE):)( old-key:)?') AS head
      FROM pg_catalog.pg_logical_slot_get_changes($1::text::name, $2::text::pg_catalog.pg_lsn, $3::int4,
                                                  'skip-empty-xacts', '1', 'include-xids', '0') c
), parsed AS MATERIALIZED (
    SELECT c.xid, c.head[2] AS name, c.head[3] AS operation, c.head[4] IS NOT NULL AS has_old,
           c.octets - pg_catalog.octet_length(c.head[1]) AS octets,
           (c.octets - pg_catalog.octet_length(pg_catalog.replace(c.data, ']:null', ''))) / 6 AS nulls,
           (c.octets - pg_catalog.octet_length(pg_catalog.replace(c.data, ']:unchanged-toast-datum', ''))) / 23 AS unchanged
      FROM changes c
     WHERE c.head IS NOT NULL
), named AS MATERIALIZED (
    SELECT t.oid, coalesce(pg_catalog.pg_partition_root(t.oid)::pg_catalog.oid, t.oid) AS root,
           pg_catalog.format('%I.%I', n.nspname, t.relname) AS name
      FROM pg_catalog.pg_class t
      JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
     WHERE t.relkind = 'r' AND t.relpersistence = 'p' AND t.oid >= 16384
       AND t.relname IN (SELECT CASE WHEN p.name LIKE '%"'
                                     THEN pg_catalog.replace(pg_catalog.substring(p.name, '\.?"((?:[^"]|"")+)"$'), '""', '"')
                                     ELSE pg_catalog.substring(p.name, '[^.]+$') END
                           FROM (SELECT DISTINCT name FROM parsed) p)
), touched AS MATERIALIZED (
    SELECT DISTINCT p.xid, t.root FROM parsed p JOIN named t USING (name)
), few AS MATERIALIZED (
    SELECT xid FROM touched GROUP BY xid HAVING count(*) BETWEEN 2 AND 30
)
SELECT 'rows'::text AS line, t.oid AS a, NULL::pg_catalog.oid AS b, p.operation, p.has_old,
       count(*) AS count, sum(p.octets)::int8 AS octets, sum(p.nulls)::int8 AS nulls, sum(p.unchanged)::int8 AS unchanged
  FROM parsed p JOIN named t USING (name) GROUP BY t.oid, p.operation, p.has_old
UNION ALL
SELECT 'transactions', t.oid, NULL, NULL, NULL, count(DISTINCT p.xid), NULL, NULL, NULL
  FROM parsed p JOIN named t USING (name) GROUP BY t.oid
UNION ALL
SELECT 'all', NULL, NULL, NULL, NULL, count(DISTINCT xid), NULL, NULL, NULL FROM parsed
UNION ALL
SELECT 'pair', x.root, y.root, NULL, NULL, count(*), NULL, NULL, NULL
  FROM few f JOIN touched x USING (xid) JOIN touched y USING (xid) WHERE x.root < y.root GROUP BY x.root, y.root
