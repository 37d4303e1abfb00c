-- Tables without a key, which no comparison under writes can tell: those above :most_bytes must be compared at rest, or named as left out.
\ir publisher.sql
SELECT set_config('pgslotplan.mode', 'at_rest', false) AS mode, set_config('pgslotplan.chunk_rows', '1', false) AS chunk_rows \gset
\ir compare.sql
\ir compare_publisher_functions.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'tables without a key were never compared, and are too large for the pause',
  format('Compare them at rest (%s), or name them in UNCOMPARED of the cutover''s configuration.', :'step_compare_at_rest')) AS refused
FROM (
  SELECT format('table %I.%I, %s', p.schema_name, p.table_name, pg_size_pretty(size)) FROM pg_temp.compared_table AS p
  CROSS JOIN LATERAL (SELECT pg_temp.look_at(p.number, NULL) AS looked) AS k CROSS JOIN LATERAL pg_temp.describe(k.looked) AS d
  CROSS JOIN LATERAL (SELECT sum(pg_table_size(t.oid)) FROM (SELECT (k.looked).relation UNION SELECT relid FROM pg_partition_tree((k.looked).relation)) AS t(oid)) AS s(size)
  WHERE d.key_columns IS NULL AND d.kind = 'table' AND size > :most_bytes AND format('%I.%I', p.schema_name, p.table_name) <> ALL (string_to_array(replace(:'uncompared', ' ', ''), ','))
) AS found(line) \gset
