-- Takes away what an earlier load left on the subscriber: disabled subscriptions and rows.
\ir subscriber.sql
\ir end_loads.sql
SELECT format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s.subname), format('DROP SUBSCRIPTION %I', s.subname)
FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name AND NOT s.subenabled
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
ORDER BY p.number \gexec
SET lock_timeout = 0;
SET statement_timeout = 0;
DO $pgslotplan$
DECLARE
  item record;
  has_rows boolean;
  found_tables text;
BEGIN
  FOR item IN SELECT DISTINCT n.nspname, c.relname FROM pg_temp.planned_relation AS p
    JOIN pg_namespace AS n ON n.nspname = p.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name ORDER BY 1, 2
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', item.nspname, item.relname) INTO has_rows;
    IF has_rows THEN
      found_tables := concat_ws(', ', found_tables, format('%I.%I', item.nspname, item.relname));
    END IF;
  END LOOP;
  -- in one statement: foreign keys among them do not matter then
  IF found_tables IS NOT NULL THEN
    EXECUTE 'TRUNCATE ' || found_tables;
  END IF;
END
$pgslotplan$;
