-- The pieces of the planned tables as of the snapshot :snapshot, a line of COPY each: partitions by themselves, what is larger than
-- :piece_mb MB in ranges of its blocks, or of its key where the version scans no ranges of blocks. Data for lib/snapshot_queue.sql.
\ir publisher.sql
\ir members.sql
\ir foreign_code.sql
-- what this session has made is younger than the snapshot: names of tables go there in a setting
SELECT count(set_config('pgslotplan.wanted', (SELECT coalesce(json_agg(w), '[]')::text FROM (
  SELECT p.schema_name, p.table_name, p.kind, bool_and(p.truncates) AS truncates FROM pg_temp.planned_table AS p GROUP BY 1, 2, 3) AS w), false)) AS wanted \gset
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET TRANSACTION SNAPSHOT :'snapshot';
SELECT pg_temp.refuse(array_agg(format('table %I.%I', w.schema_name, w.table_name)), 'planned tables are not what they were when the plan was made',
  'The check of the publisher says more: run it again.') AS refused
FROM json_to_recordset(current_setting('pgslotplan.wanted')::json) AS w(schema_name name, table_name name, kind "char")
WHERE NOT EXISTS (SELECT FROM pg_namespace AS n JOIN pg_class AS c ON c.relnamespace = n.oid WHERE n.nspname = w.schema_name AND c.relname = w.table_name AND c.relkind = w.kind) \gset
COPY (
WITH RECURSIVE wanted AS (
  SELECT w.*, c.oid FROM json_to_recordset(current_setting('pgslotplan.wanted')::json) AS w(schema_name name, table_name name, kind "char", truncates boolean)
  JOIN pg_namespace AS n ON n.nspname = w.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.table_name
), tree AS (
  SELECT w.oid AS root, w.oid FROM wanted AS w
  UNION SELECT tree.root, i.inhrelid FROM tree JOIN wanted AS w ON w.oid = tree.root AND w.kind = 'p' JOIN pg_inherits AS i ON i.inhparent = tree.oid
), leaf AS (
  SELECT DISTINCT ON (c.oid) c.oid, c.relfilenode, n.nspname, c.relname, w.schema_name AS root_schema, w.table_name AS root_name, w.truncates,
         coalesce(pg_table_size(c.oid), 0) AS bytes, coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::integer AS blocks
  FROM tree JOIN wanted AS w ON w.oid = tree.root JOIN pg_class AS c ON c.oid = tree.oid AND c.relkind = 'r' JOIN pg_namespace AS n ON n.oid = c.relnamespace
  ORDER BY c.oid
), cut AS (
  SELECT l.*, k.names, k.types, k.is_plain, greatest(1, least(blocks, round(bytes / (:piece_mb * 1000000.0))))::bigint AS wanted_count FROM leaf AS l
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(a.attname::text ORDER BY a.attnum), '{}') AS names, array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS types,
           -- types whose binary form is the same in every version, and has no oids of objects in it
           coalesce(bool_and(CASE t.typcategory WHEN 'A' THEN t.typelem ELSE t.oid END = ANY ('{bool,bytea,int2,int4,int8,float4,float8,numeric,text,varchar,bpchar,date,time,timetz,timestamp,timestamptz,interval,uuid,json,jsonb,inet,cidr,macaddr,bit,varbit}'::regtype[])), false) AS is_plain
    FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid WHERE a.attrelid = l.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS k
), ranged AS (
  SELECT c.*, CASE WHEN wanted_count = 1 OR pg_temp.foreign_code(oid) IS NOT NULL THEN 'whole' WHEN :'publisher_has_tid_ranges' = 'on' THEN 'ctid'
                   WHEN b.bounds IS NOT NULL THEN 'key' ELSE 'whole' END AS way, b.key_name, b.key_type, b.bounds
  FROM cut AS c LEFT JOIN LATERAL (
    SELECT a.attname AS key_name, format_type(a.atttypid, NULL) AS key_type, s.histogram_bounds::text::text[] AS bounds
    FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND a.attnotnull
      AND a.atttypid = ANY ('{int2,int4,int8,numeric,text,varchar,date,timestamp,timestamptz,uuid}'::regtype[])
    JOIN pg_stats AS s ON s.schemaname = c.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited
    WHERE :'publisher_has_tid_ranges' = 'off' AND c.wanted_count > 1 AND i.indrelid = c.oid AND i.indisprimary AND s.histogram_bounds IS NOT NULL) AS b ON true
), piece AS (
  SELECT r.oid, p.place, CASE WHEN p.place > 0 THEN (p.place * p.step)::text END AS lo, CASE WHEN (p.place + 1) * p.step < r.blocks THEN ((p.place + 1) * p.step)::text END AS hi
  FROM ranged AS r CROSS JOIN LATERAL (SELECT step, generate_series(0, (r.blocks - 1) / step) AS place FROM (SELECT ceil(r.blocks::numeric / r.wanted_count)::bigint AS step) AS s) AS p
  WHERE r.way = 'ctid'
  UNION ALL
  SELECT r.oid, p.place, p.lo, lead(p.lo) OVER (PARTITION BY r.oid ORDER BY p.place)
  FROM ranged AS r CROSS JOIN LATERAL (
    SELECT 0::bigint AS place, NULL::text AS lo
    UNION ALL SELECT min(i), r.bounds[1 + i * (cardinality(r.bounds) - 1) / n] FROM (SELECT least(r.wanted_count, cardinality(r.bounds) - 1) AS n) AS w, generate_series(1, n - 1) AS i GROUP BY 2) AS p
  WHERE r.way = 'key'
  UNION ALL
  SELECT r.oid, 0, NULL, NULL FROM ranged AS r WHERE r.way = 'whole'
)
SELECT r.nspname, r.relname, r.root_schema, r.root_name, r.oid, r.relfilenode, r.truncates, r.names, r.types, r.is_plain, current_setting('server_encoding'),
       r.way, r.key_name, r.key_type, p.place, p.lo, p.hi, r.bytes / count(*) OVER (PARTITION BY r.oid), r.bytes
FROM piece AS p JOIN ranged AS r ON r.oid = p.oid
) TO STDOUT;
