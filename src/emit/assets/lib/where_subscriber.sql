-- Which steps the subscriber shows as done or undone, one a line: identifier, t or f. For run.sh.
\ir subscriber.sql
\ir foreign_keys_saved.sql
\ir members.sql
\ir opened.sql
\ir stopped.sql
\ir tables_not_ready.sql
\ir read_only.sql
SELECT concat_ws(' ', id, CASE WHEN is_done THEN 't' ELSE 'f' END) FROM (
  SELECT 'subscriptions', NOT EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE NOT EXISTS (
    SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = p.subscription_name
      AND (s.subenabled OR :'is_stopped'::boolean)))
  UNION ALL
  SELECT 'ready', NOT EXISTS (SELECT FROM pg_temp.tables_not_ready())
  UNION ALL
  SELECT 'stop', :'is_stopped'::boolean
  UNION ALL
  SELECT 'foreign_keys_drop', :'foreign_keys_dropped'::boolean AND NOT EXISTS (SELECT FROM pg_temp.planned_foreign_key AS k
    JOIN pg_namespace AS n ON n.nspname = k.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = k.table_name
    JOIN pg_constraint AS f ON f.conrelid = c.oid AND f.conname = k.constraint_name AND f.contype = 'f' WHERE k.is_restored)
  WHERE NOT :'is_stopped'::boolean
  UNION ALL
  SELECT 'reverse_prepare', NOT EXISTS (SELECT FROM pg_temp.planned_publication AS p WHERE NOT EXISTS (
    SELECT FROM pg_publication AS b WHERE b.pubname = p.mirror_name))
  UNION ALL
  SELECT 'reverse_slots', NOT EXISTS (SELECT FROM pg_temp.planned_mirror AS m WHERE NOT EXISTS (
    SELECT FROM pg_replication_slots AS s WHERE s.slot_name = m.slot_name))
  UNION ALL
  -- that it is open does not say that every PgBouncer was resumed and the proof ended well
  SELECT id, false FROM unnest(ARRAY['resume', 'cutover']) AS id WHERE NOT :'is_open'::boolean
) AS shown(id, is_done);
