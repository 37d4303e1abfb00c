-- Takes away what an earlier load left on the subscriber: disabled subscriptions and rows.
\ir subscriber.sql
\ir end_loads.sql
SELECT format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s.subname), format('DROP SUBSCRIPTION %I', s.subname)
FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name AND NOT s.subenabled
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
ORDER BY p.number \gexec
-- TRUNCATE runs triggers: of tenants only those that are enabled ALWAYS or REPLICA
SELECT count(set_config('session_replication_role', 'replica', false)) AS replica FROM pg_roles WHERE rolname = current_user AND rolsuper \gset
\set ways '{trigger}'
\set ways_message 'functions of roles that are no superusers would run as the role that empties the tables'
\set ways_hint 'Disable these triggers, or run the step as an owner of the tables that is no superuser.'
\ir functions_refuse.sql
SET lock_timeout = 0;
SET statement_timeout = 0;
-- those whose files hold something, in one statement: foreign keys among them do not matter then. Nothing is read
DO $pgslotplan$ DECLARE
  found_tables text;
BEGIN
  SELECT string_agg(DISTINCT format('%I.%I', n.nspname, c.relname), ', ') INTO found_tables
  FROM pg_temp.planned_relation AS p
  JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
  JOIN LATERAL (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid)) AS t(oid) ON true
  WHERE c.relkind IN ('r', 'p') AND pg_relation_size(t.oid) > 0;
  IF found_tables IS NOT NULL THEN
    EXECUTE 'TRUNCATE ' || found_tables;
  END IF;
END $pgslotplan$;
