-- Which steps the subscriber shows as done or undone, one a line: identifier, t or f. For run.sh.
\ir subscriber.sql
\ir tables_not_ready.sql
\ir foreign_keys_saved.sql
\ir members.sql
SELECT pg_temp.has_state('plan') AS has_mark, pg_temp.has_state('opened') AS has_opened \gset
\set is_stopped f \set is_open f
\if :has_mark
SELECT coalesce(bool_or(stopped), false) AS is_stopped FROM pgslotplan.plan WHERE prefix = :'prefix' AND plan_sha256 = :'plan_sha256' \gset
\endif
\if :has_opened
SELECT EXISTS (SELECT FROM pgslotplan.opened WHERE prefix = :'prefix') AS is_open \gset
\endif
\ir read_only.sql
SELECT concat_ws(' ', id, CASE WHEN is_done THEN 't' ELSE 'f' END) FROM (
  SELECT 'subscriptions', NOT EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE NOT EXISTS (
    SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = p.subscription_name
      AND (s.subenabled OR :'is_stopped'::boolean)))
  UNION ALL
  SELECT 'ready', NOT EXISTS (SELECT FROM pg_temp.tables_not_ready()) WHERE NOT :'is_stopped'::boolean
  UNION ALL
  SELECT 'stop', :'is_stopped'::boolean
  UNION ALL
  SELECT 'foreign_keys_drop', NOT EXISTS (SELECT FROM pg_temp.planned_foreign_key AS k WHERE k.is_restored AND NOT EXISTS (
    SELECT FROM pg_temp.saved AS s WHERE s.schema_name = k.schema_name AND s.table_name = k.table_name AND s.constraint_name = k.constraint_name))
  WHERE NOT :'is_stopped'::boolean
  UNION ALL
  SELECT 'reverse_prepare', NOT EXISTS (SELECT FROM pg_temp.planned_publication AS p WHERE NOT EXISTS (
    SELECT FROM pg_publication AS b WHERE b.pubname = p.mirror_name))
  UNION ALL
  SELECT 'reverse_slots', NOT EXISTS (SELECT FROM pg_temp.planned_mirror AS m WHERE NOT EXISTS (
    SELECT FROM pg_replication_slots AS s WHERE s.slot_name = m.slot_name))
  UNION ALL
  SELECT 'resume', :'is_open'::boolean
  UNION ALL
  SELECT 'cutover', true WHERE :'is_open'::boolean
) AS shown(id, is_done);
