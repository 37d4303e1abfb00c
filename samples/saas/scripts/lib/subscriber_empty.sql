-- Tables of the subscriber hold no rows, unless one of the plan's subscriptions has them already. Only tables whose file holds
-- something are read, partition by partition.
\ir foreign_code.sql
\ir unfilled.sql
DO $pgslotplan$ DECLARE
  item record; found_oid oid; reason text; lines text[] := '{}';
BEGIN
  FOR item IN
    WITH RECURSIVE tree AS (
      SELECT table_oid AS oid, table_oid AS root, is_only FROM pg_temp.unfilled()
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
