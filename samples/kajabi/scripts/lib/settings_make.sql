-- Gives this database and its roles what the publisher's have, from CSV on standard input; spelled here. Not carried, but listed with
-- the statement: what a role without SUPERUSER could not set, what loads code, what concerns roles with powers here, all roles of the
-- server, or what this server does not know. Settings that would end apply workers wait for the opening (pgslotplan.held).
\ir subscriber.sql
\ir own_roles.sql
\ir powers.sql
\ir log_off.sql
\set accepted_roles `printf '%s' "$PGSLOTPLAN_ACCEPT_ROLES"`
SELECT set_config('pgslotplan.accepted_roles', :'accepted_roles', false) AS accepted_roles \gset
-- why a role is left as it is
CREATE FUNCTION pg_temp.too_strong(role_name name) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
  SELECT 'the role has ' || string_agg(DISTINCT power, ', ') || ' here; PGSLOTPLAN_ACCEPT_ROLES accepts it' FROM pg_temp.powers_of(role_name)
  WHERE role_name::text <> ALL (ARRAY(SELECT btrim(item, E' \t\n') FROM unnest(string_to_array(current_setting('pgslotplan.accepted_roles'), ',')) AS item))
$pgslotplan$;
CREATE TEMP TABLE carried (kind text, role_name name, place text, name text, value text, is_grantable boolean);
\copy pg_temp.carried FROM pstdin (FORMAT csv, FORCE_NOT_NULL (role_name, place, name))
\ir setting_statement.sql
CREATE TEMP TABLE change AS
WITH here AS (SELECT d.* FROM pg_database AS d WHERE d.datname = current_database()),
present AS (
  SELECT coalesce(r.rolname, '') AS role_name, CASE WHEN s.setdatabase = 0 THEN 'server' ELSE 'database' END AS place,
         split_part(item, '=', 1) AS name, substr(item, strpos(item, '=') + 1) AS value
  FROM pg_db_role_setting AS s CROSS JOIN unnest(s.setconfig) AS item LEFT JOIN pg_roles AS r ON r.oid = s.setrole
  WHERE s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM here)
), judged AS (
  SELECT c.*, p.context, split_part(lower(c.name), '.', 1) AS prefix FROM pg_temp.carried AS c LEFT JOIN pg_settings AS p ON lower(p.name) = lower(c.name)
  WHERE c.kind = 'setting' AND NOT EXISTS (SELECT FROM present AS n WHERE n.role_name = c.role_name AND n.place = c.place
    AND lower(n.name) = lower(c.name) AND n.value = c.value)
)
SELECT 1 AS place, pg_temp.setting_statement(j.role_name, j.place, j.name, j.value) AS statement, j.role_name AS setting_role, j.place AS setting_place, j.name AS setting_name,
  j.value AS setting_value,
  CASE WHEN j.role_name = '' AND j.place = 'server' THEN 'concerns every database of this server'
    WHEN j.role_name <> '' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = j.role_name) THEN 'the role does not exist here'
    WHEN lower(j.name) IN ('local_preload_libraries', 'session_preload_libraries', 'dynamic_library_path', 'role', 'session_authorization') THEN 'loads code, or changes who one is'
    WHEN j.context IS NULL AND strpos(j.name, '.') = 0 THEN 'this server does not know the setting'
    WHEN j.context IS NULL AND (j.prefix IN ('auto_explain', 'plperl', 'pltcl', 'plpython') OR EXISTS (SELECT FROM pg_available_extensions AS e WHERE e.name = j.prefix))
      THEN 'belongs to a module that is not loaded: only a superuser may set it, perhaps'
    WHEN j.context <> 'user' THEN 'only a superuser may set it'
    ELSE pg_temp.too_strong(j.role_name) END AS reason,
  -- a worker takes what the database and its owner have
  (j.role_name = '' OR j.role_name = current_user) AND lower(j.name) IN ('lock_timeout', 'transaction_timeout', 'statement_timeout', 'idle_session_timeout',
    'idle_in_transaction_session_timeout', 'default_transaction_read_only', 'default_transaction_isolation', 'default_transaction_deferrable') AS waits
FROM judged AS j
UNION ALL
SELECT 2, format('ALTER DATABASE %I OWNER TO %I', current_database(), c.role_name), NULL, NULL, NULL, NULL,
  CASE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = c.role_name) THEN 'the role does not exist here' END, false
FROM pg_temp.carried AS c, here WHERE c.kind = 'database' AND pg_get_userbyid(here.datdba) <> c.role_name
UNION ALL
SELECT 3, format('ALTER DATABASE %I CONNECTION LIMIT %s', current_database(), c.value::integer), NULL, NULL, NULL, NULL, NULL, false
FROM pg_temp.carried AS c, here WHERE c.kind = 'database' AND here.datconnlimit <> c.value::integer AND c.value::integer >= -1
UNION ALL
SELECT 4, format('ALTER ROLE %I CONNECTION LIMIT %s VALID UNTIL %L', c.role_name, c.value::integer, c.name), NULL, NULL, NULL, NULL,
  pg_temp.too_strong(c.role_name), false
FROM pg_temp.carried AS c JOIN pg_roles AS r ON r.rolname = c.role_name
WHERE c.kind = 'role' AND (r.rolconnlimit <> c.value::integer OR coalesce(r.rolvaliduntil, 'infinity') <> c.name::timestamptz)
UNION ALL
SELECT 5, format('GRANT %s ON DATABASE %I TO %s%s', c.name, current_database(), CASE c.place WHEN 'PUBLIC' THEN 'PUBLIC' ELSE quote_ident(c.role_name) END,
    CASE WHEN c.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), NULL, NULL, NULL, NULL,
  CASE WHEN c.name NOT IN ('CREATE', 'TEMPORARY', 'CONNECT') THEN 'this server does not know the privilege'
    WHEN c.place <> 'PUBLIC' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = c.role_name) THEN 'the role does not exist here' END, false
FROM pg_temp.carried AS c, here WHERE c.kind = 'grant' AND NOT EXISTS (
  SELECT FROM aclexplode(coalesce(here.datacl, acldefault('d', here.datdba))) AS a
  WHERE CASE c.place WHEN 'PUBLIC' THEN a.grantee = 0 ELSE a.grantee <> 0 AND pg_get_userbyid(a.grantee) = c.role_name END
    AND a.privilege_type = c.name AND (a.is_grantable OR NOT c.is_grantable))
UNION ALL
-- what a role has here that the publisher does not know stays: it may be who does this
SELECT 6, format('REVOKE %s ON DATABASE %I FROM %s', a.privilege_type, current_database(), CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END),
  NULL, NULL, NULL, NULL, NULL, false
FROM here CROSS JOIN LATERAL aclexplode(coalesce(here.datacl, acldefault('d', here.datdba))) AS a
WHERE a.grantee <> here.datdba
  -- what the coming owner was granted is the owner's own by then
  AND NOT EXISTS (SELECT FROM pg_temp.carried AS c WHERE c.kind = 'database' AND c.role_name = pg_get_userbyid(a.grantee))
  AND (a.grantee = 0 OR pg_get_userbyid(a.grantee) <> current_user AND EXISTS (
    SELECT FROM pg_temp.carried AS c WHERE c.kind = 'role' AND c.role_name = pg_get_userbyid(a.grantee)))
  AND NOT EXISTS (SELECT FROM pg_temp.carried AS c WHERE c.kind = 'grant' AND c.name = a.privilege_type
    AND CASE a.grantee WHEN 0 THEN c.place = 'PUBLIC' ELSE c.place <> 'PUBLIC' AND c.role_name = pg_get_userbyid(a.grantee) END);
SELECT EXISTS (SELECT FROM pg_temp.change WHERE waits AND reason IS NULL) AS some_wait \gset
\if :some_wait
\ir held_table.sql
INSERT INTO pgslotplan.held AS h (prefix, kind, schema_name, table_name, name, value)
SELECT :'prefix', 'setting', setting_role, setting_place, setting_name, setting_value FROM pg_temp.change WHERE waits AND reason IS NULL
ON CONFLICT (prefix, kind, schema_name, table_name, name) DO UPDATE SET value = excluded.value;
\endif
-- what one statement is refused for does not keep the others
CREATE TEMP TABLE refused (line text);
DO $pgslotplan$ DECLARE
  item record;
BEGIN
  FOR item IN SELECT * FROM pg_temp.change WHERE reason IS NULL AND NOT waits ORDER BY place, statement LOOP
    BEGIN
      EXECUTE item.statement;
    EXCEPTION WHEN OTHERS THEN
      INSERT INTO pg_temp.refused VALUES (format('%s; (%s)', CASE WHEN strpos(item.setting_name, '.') > 0
        THEN pg_temp.setting_statement(item.setting_role, item.setting_place, item.setting_name, '...') ELSE item.statement END, SQLERRM));
    END;
  END LOOP;
END $pgslotplan$;
\ir log_on.sql
SELECT pg_temp.warn(array_agg(line ORDER BY line), 'not carried; if it is wanted here') AS warned
FROM (SELECT line FROM pg_temp.refused UNION ALL
      -- what an application calls its own may be a key
      SELECT format('%s; (%s)', CASE WHEN strpos(setting_name, '.') > 0 THEN pg_temp.setting_statement(setting_role, setting_place, setting_name, '...') ELSE statement END, reason)
      FROM pg_temp.change WHERE reason IS NOT NULL) AS found(line) \gset
