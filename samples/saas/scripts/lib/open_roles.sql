-- pg_temp.open_roles(): roles by whose own setting transactions here are not read-only, which wins over that of the database; is_here: one for
-- this database alone.
CREATE OR REPLACE FUNCTION pg_temp.open_roles() RETURNS TABLE (oid oid, is_here boolean, value_here text) LANGUAGE sql AS $pgslotplan$
  SELECT setrole, bool_or(setdatabase <> 0), max(value) FILTER (WHERE setdatabase <> 0) FROM (
    SELECT s.setrole, s.setdatabase, substr(c, length('default_transaction_read_only=') + 1) AS value FROM pg_db_role_setting AS s, unnest(s.setconfig) AS c
    WHERE s.setrole <> 0 AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database AS d WHERE datname = current_database())) AND c LIKE 'default\_transaction\_read\_only=%') AS own
  GROUP BY setrole HAVING NOT coalesce(max(value) FILTER (WHERE setdatabase <> 0), max(value))::boolean
$pgslotplan$;
