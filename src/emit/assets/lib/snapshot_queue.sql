-- The queue of pieces, from what lib/snapshot_tables.sql wrote, and the snapshot :held at :position to which they belong: from here on
-- any number of programs takes from it. A piece is the work of one transaction, whose number stands in it before a row comes: it is
-- done when that transaction was committed, and waits again when it was not. So the commit itself is the mark.
\ir subscriber.sql
\ir state.sql
CREATE TABLE IF NOT EXISTS pgslotplan.snapshot (
    prefix text PRIMARY KEY, plan_sha256 text NOT NULL, snapshot text NOT NULL, position pg_lsn NOT NULL, begun timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS pgslotplan.piece (
    prefix text NOT NULL, number integer NOT NULL, schema_name name NOT NULL, table_name name NOT NULL, relation oid NOT NULL, filenode oid NOT NULL,
    truncates boolean NOT NULL, way text NOT NULL, key_name name, key_type text, lo text, hi text, columns text[] NOT NULL, is_binary boolean NOT NULL,
    encoding text NOT NULL, target_schema name NOT NULL, target_name name NOT NULL, is_sole boolean NOT NULL, bytes bigint NOT NULL,
    emptied boolean NOT NULL DEFAULT false, files oid[], shape text,
    txid bigint, attempts integer NOT NULL DEFAULT 0, taken timestamptz, done timestamptz, PRIMARY KEY (prefix, number));
CREATE INDEX IF NOT EXISTS piece_waiting ON pgslotplan.piece (prefix, attempts, number) WHERE done IS NULL AND txid IS NULL;
SELECT pg_temp.close_state() AS has_state \gset
CREATE TEMP TABLE listed (schema_name name, table_name name, root_schema name, root_name name, relation oid, filenode oid, truncates boolean, columns text[],
    types text[], is_plain boolean, encoding text, way text, key_name name, key_type text, place bigint, lo text, hi text, bytes bigint, table_bytes bigint);
\copy pg_temp.listed FROM pstdin
-- a partition goes where the subscriber has one of its name in the same tree, else through the root
CREATE TEMP TABLE placed AS
SELECT l.*, t.oid AS target, n.nspname AS target_schema, t.relname AS target_name, t.relkind
FROM pg_temp.listed AS l
LEFT JOIN LATERAL (
  SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = l.root_schema WHERE c.relname = l.root_name AND c.relkind IN ('r', 'p')
) AS r(oid) ON true
LEFT JOIN LATERAL (
  SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = l.schema_name WHERE c.relname = l.table_name AND c.relkind = 'r'
    AND (c.oid = r.oid OR r.oid IS NULL OR r.oid IN (SELECT a.relid FROM pg_partition_ancestors(c.oid) AS a))
) AS p(oid) ON true
LEFT JOIN pg_class AS t ON t.oid = coalesce(p.oid, r.oid) LEFT JOIN pg_namespace AS n ON n.oid = t.relnamespace;
SELECT pg_temp.refuse(array_agg(DISTINCT format('table %I.%I', schema_name, table_name)), 'tables of the publisher have no place here', 'Bring the publisher''s schema first.') AS refused
FROM pg_temp.placed WHERE target IS NULL \gset
BEGIN;
INSERT INTO pgslotplan.piece (prefix, number, schema_name, table_name, relation, filenode, truncates, way, key_name, key_type, lo, hi, columns, is_binary, encoding,
    target_schema, target_name, is_sole, bytes)
SELECT :'prefix', row_number() OVER (ORDER BY p.table_bytes DESC, p.relation, p.place), p.schema_name, p.table_name, p.relation, p.filenode, p.truncates, p.way, p.key_name, p.key_type,
       p.lo, p.hi, p.columns,
       p.is_plain AND p.encoding = 'UTF8' AND current_setting('server_encoding') = 'UTF8' AND NOT EXISTS (
         SELECT FROM unnest(p.columns, p.types) AS w(name, type) WHERE NOT EXISTS (SELECT FROM pg_attribute AS a
           WHERE a.attrelid = p.target AND a.attname = w.name AND NOT a.attisdropped AND format_type(a.atttypid, a.atttypmod) = w.type)),
       p.encoding, p.target_schema, p.target_name, p.relkind = 'r' AND count(*) OVER (PARTITION BY p.target) = 1
         -- rows that go through a root may land in any partition
         AND NOT EXISTS (SELECT FROM pg_temp.placed AS q WHERE q.relkind = 'p' AND q.target IN (SELECT a.relid FROM pg_partition_ancestors(p.target) AS a)), p.bytes
FROM pg_temp.placed AS p;
INSERT INTO pgslotplan.snapshot (prefix, plan_sha256, snapshot, position) VALUES (:'prefix', :'plan_sha256', :'held', :'position');
COMMIT;
