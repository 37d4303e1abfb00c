-- Tables without a key, which no comparison under writes can tell: where they have more than :most_bytes in all, they must be compared
-- at rest, or named as left out: the pause reads them whole.
\ir publisher.sql
SELECT set_config('pgslotplan.mode', 'at_rest', false) AS mode, set_config('pgslotplan.chunk_rows', '1', false) AS chunk_rows \gset
\ir compare.sql
\ir compare_publisher_functions.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'tables without a key were never compared, and are too large for the pause together',
  format('Compare them at rest (%s), or name them in UNCOMPARED of the cutover''s configuration.', :'step_compare_at_rest')) AS refused
FROM (
  SELECT format('table %I.%I, %s', p.schema_name, p.table_name, pg_size_pretty(size)), sum(size) OVER () FROM pg_temp.compared_table AS p
  CROSS JOIN LATERAL (SELECT pg_temp.look_at(p.number, NULL) AS looked) AS k CROSS JOIN LATERAL pg_temp.describe(k.looked) AS d
  CROSS JOIN LATERAL (SELECT sum(pg_table_size(t.oid)) FROM (SELECT (k.looked).relation UNION SELECT relid FROM pg_partition_tree((k.looked).relation)) AS t(oid)) AS s(size)
  WHERE d.key_columns IS NULL AND d.kind = 'table' AND format('%I.%I', p.schema_name, p.table_name) <> ALL (string_to_array(replace(:'uncompared', ' ', ''), ','))
) AS found(line, total) WHERE total > :most_bytes \gset
