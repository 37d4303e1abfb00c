-- The new server's part of the pause in one session: if :compares, what the old server's part has read, on standard input, is
-- compared; then the subscriptions end, foreign keys return, and the slots of the way back, if there is one, are made.
\ir subscriber.sql
\ir end_parts.sql
\ir take_part.sql
\if :compares
\ir compare_subscriber.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'parts of tables differ: the newest rows differ',
  format('%s lists the rows, once the writes are stopped.', :'step_compare_at_rest')) AS refused
FROM (
  SELECT format('%s of table %I.%I', r.kind, p.schema_name, p.table_name)
  FROM pg_temp.result AS r JOIN pg_temp.compared_table AS p ON p.number = r.number
  WHERE r.kind IN ('different', 'chunk', 'bucket', 'candidate')
) AS found(line) \gset
\endif
\ir require_mark.sql
\ir no_repair.sql
\ir subscriptions_stop.sql
\if :cuts_foreign_keys \ir foreign_keys_restore.sql \endif
\ir way_back.sql
\if :goes_back
\set slots planned_mirror
\ir slots.sql
\endif
