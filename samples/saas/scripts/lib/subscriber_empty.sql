-- Tables of the subscriber hold no rows, unless one of the plan's subscriptions has them already. Only tables whose file holds
-- something are read, partition by partition.
\ir foreign_code.sql
DO $pgslotplan$ DECLARE
  item record; found_oid oid; reason text; lines text[] := '{}';
BEGIN
  FOR item IN
    WITH RECURSIVE tree AS (
      SELECT c.oid, c.oid AS root, bool_and(p.is_only) AS is_only
      FROM pg_temp.planned_relation AS p
      JOIN pg_namespace AS n ON n.nspname = p.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
      WHERE NOT EXISTS (
        SELECT FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid
        WHERE r.srrelid = c.oid AND s.subname IN (SELECT subscription_name FROM pg_temp.planned_slot))
      GROUP BY c.oid
      UNION SELECT i.inhrelid, tree.root, false FROM tree JOIN pg_inherits AS i ON i.inhparent = tree.oid AND NOT tree.is_only
    )
    SELECT DISTINCT c.oid, n.nspname, c.relname, format('table %I.%I', m.nspname, r.relname) AS root_name
    FROM tree JOIN pg_class AS c ON c.oid = tree.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_class AS r ON r.oid = tree.root JOIN pg_namespace AS m ON m.oid = r.relnamespace
    WHERE c.relkind = 'r' AND pg_relation_size(c.oid) > 0 ORDER BY 4, 2, 3
  LOOP
    CONTINUE WHEN lines @> ARRAY[item.root_name];
    reason := pg_temp.foreign_code(item.oid);
    IF reason IS NOT NULL THEN
      lines := lines || format('%s (its file holds pages; %s: TRUNCATE makes it empty)', item.root_name, reason);
      CONTINUE;
    END IF;
    EXECUTE format('SELECT (SELECT t.tableoid FROM ONLY %I.%I AS t LIMIT 1)', item.nspname, item.relname) INTO found_oid;
    IF coalesce(found_oid, item.oid) <> item.oid THEN
      RAISE EXCEPTION USING MESSAGE = format('table %I.%I was replaced while it was read', item.nspname, item.relname), HINT = 'Look who does that, then run this again.';
    ELSIF found_oid IS NOT NULL THEN
      lines := lines || item.root_name;
    END IF;
  END LOOP;
  PERFORM pg_temp.refuse(lines, 'tables of the subscriber are not empty',
    'The initial copy would add its rows to them, and a row that is there already stops a slot. Empty them first.');
END $pgslotplan$;
