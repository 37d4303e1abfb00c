-- Tables of the subscriber hold no rows, unless one of the plan's subscriptions has them already. What has no pages holds none; only
-- into the others a query looks.
SELECT EXISTS (
  SELECT FROM pg_temp.planned_relation AS p
  JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
  CROSS JOIN LATERAL (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid)) AS t(oid)
  WHERE pg_relation_size(t.oid) > 0 AND NOT EXISTS (
    SELECT FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid
    WHERE r.srrelid = c.oid AND s.subname IN (SELECT subscription_name FROM pg_temp.planned_slot))) AS has_pages \gset
\if :has_pages
\ir functions_planned.sql
DO $pgslotplan$ DECLARE
  item record;
  has_rows boolean;
  lines text[] := '{}';
BEGIN
  FOR item IN
    SELECT n.nspname, c.relname, CASE WHEN bool_and(p.is_only) THEN 'ONLY ' ELSE '' END AS only_word
    FROM pg_temp.planned_relation AS p
    JOIN pg_namespace AS n ON n.nspname = p.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
    WHERE NOT EXISTS (
      SELECT FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid
      WHERE r.srrelid = c.oid AND s.subname IN (SELECT subscription_name FROM pg_temp.planned_slot))
      AND EXISTS (SELECT FROM (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid)) AS t(oid) WHERE pg_relation_size(t.oid) > 0)
    GROUP BY n.nspname, c.relname ORDER BY n.nspname, c.relname
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s%I.%I)', item.only_word, item.nspname, item.relname) INTO has_rows;
    IF has_rows THEN
      lines := lines || format('table %I.%I', item.nspname, item.relname);
    END IF;
  END LOOP;
  PERFORM pg_temp.refuse(lines, 'tables of the subscriber are not empty',
    'The initial copy would add its rows to them, and a row that is there already stops a slot. Empty them first.');
END $pgslotplan$;
\endif
