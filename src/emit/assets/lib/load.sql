-- The plan as temporary tables, and what files need to refuse or warn. One transaction, which nobody waits for: the pause of
-- a cutover counts transactions only after this one.
BEGIN;
SET LOCAL synchronous_commit = off;
-- these functions are the same everywhere: they need no second look
SET LOCAL check_function_bodies = off;
\ir ../plan/tables.sql
\if :has_leaves \ir grown.sql \endif
-- Text for a terminal: names may hold control characters, and marks that turn the direction of writing.
CREATE FUNCTION pg_temp.plain(line text) RETURNS text LANGUAGE sql IMMUTABLE AS $pgslotplan$
  SELECT regexp_replace(line, '[\u0001-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]', '?', 'g')
$pgslotplan$;
-- Raises when there are lines: their number and the message, twenty of them as the detail.
CREATE FUNCTION pg_temp.refuse(lines text[], message text, hint text) RETURNS void LANGUAGE plpgsql AS $pgslotplan$ BEGIN
  IF cardinality(lines) > 0 THEN
    RAISE EXCEPTION USING MESSAGE = cardinality(lines) || ' ' || message, HINT = hint,
      DETAIL = (SELECT string_agg(pg_temp.plain(line), chr(10)) FROM unnest(lines[1:20]) AS line);
  END IF;
END $pgslotplan$;
-- Warns of each of the first twenty lines.
CREATE FUNCTION pg_temp.warn(lines text[], message text) RETURNS void LANGUAGE plpgsql AS $pgslotplan$ DECLARE
  line text;
BEGIN
  FOREACH line IN ARRAY coalesce(lines[1:20], ARRAY[]::text[]) LOOP
    RAISE WARNING '%: %', message, pg_temp.plain(line);
  END LOOP;
END $pgslotplan$;
\ir foreign_state.sql
-- The schema and its relations, by oid; null when it is not there.
CREATE FUNCTION pg_temp.state_members() RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
  SELECT concat_ws(' ', n.oid, (SELECT string_agg(c.oid::text, ' ' ORDER BY c.oid) FROM pg_class AS c WHERE c.relnamespace = n.oid))
  FROM pg_namespace AS n WHERE n.nspname = 'pgslotplan'
$pgslotplan$;
-- Whether a table of the state schema is there; '' asks for none. Refuses a schema that is not ours. What was ours once can be
-- changed by nobody else, so that only new members are looked at.
CREATE FUNCTION pg_temp.has_state(wanted name) RETURNS boolean LANGUAGE plpgsql AS $pgslotplan$ DECLARE
  members text := pg_temp.state_members(); reason text;
BEGIN
  IF members IS DISTINCT FROM nullif(current_setting('pgslotplan.state_members', true), '') THEN
    reason := pg_temp.foreign_state();
    IF reason IS NOT NULL THEN
      RAISE EXCEPTION USING MESSAGE = 'schema "pgslotplan" is not ours', DETAIL = reason,
        HINT = 'These files remember in a schema of that name what they did. Rename one of the application. If another role ran the files: '
               '-v state_owner=ROLE, for shell steps PGSLOTPLAN_STATE_OWNER=ROLE. Otherwise take back what the detail says.';
    END IF;
    PERFORM set_config('pgslotplan.state_members', coalesce(members, ''), false);
  END IF;
  -- by the catalog: to_regclass wants USAGE on the schema
  RETURN EXISTS (SELECT FROM pg_namespace AS n JOIN pg_class AS c ON c.relnamespace = n.oid
                 WHERE n.nspname = 'pgslotplan' AND c.relname = wanted AND c.relkind = 'r');
END $pgslotplan$;
-- Whether a table of the state schema has a row of this prefix, and, if so asked, of this very plan.
CREATE FUNCTION pg_temp.remembers(wanted name, of_plan boolean DEFAULT false) RETURNS boolean LANGUAGE plpgsql AS $pgslotplan$ DECLARE
  is_there boolean := false;
BEGIN
  IF pg_temp.has_state(wanted) THEN
    EXECUTE format('SELECT EXISTS (SELECT FROM pgslotplan.%I WHERE prefix = $1 %s)', wanted, CASE WHEN of_plan THEN 'AND plan_sha256 = $2' END) INTO is_there
      USING current_setting('pgslotplan.prefix'), current_setting('pgslotplan.plan_sha256');
  END IF;
  RETURN is_there;
END $pgslotplan$;
-- Takes away what default privileges gave to others of what was made in a state schema that is ours, and looks at it.
CREATE FUNCTION pg_temp.close_state() RETURNS boolean LANGUAGE plpgsql AS $pgslotplan$ DECLARE
  statement text;
BEGIN
  IF pg_temp.state_members() = current_setting('pgslotplan.state_members', true) THEN
    RETURN true;
  END IF;
  FOR statement IN
    WITH trusted AS (SELECT oid FROM pg_roles WHERE rolsuper OR rolname IN (current_user, current_setting('pgslotplan.state_owner'))),
      state AS (SELECT * FROM pg_namespace WHERE nspname = 'pgslotplan' AND nspowner IN (SELECT oid FROM trusted))
    SELECT format('REVOKE %s ON %s FROM %s CASCADE', a.privilege_type, o.name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END)
    FROM (SELECT format('SCHEMA %I', n.nspname), n.nspacl FROM state AS n
          UNION ALL SELECT format('TABLE %I.%I', n.nspname, c.relname), c.relacl
          FROM state AS n JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind = 'r' AND c.relowner IN (SELECT oid FROM trusted)) AS o(name, acl)
    CROSS JOIN LATERAL aclexplode(o.acl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE a.privilege_type NOT IN ('SELECT', 'USAGE') AND a.grantee NOT IN (SELECT oid FROM trusted)
  LOOP
    EXECUTE statement;
  END LOOP;
  RETURN pg_temp.has_state('');
END $pgslotplan$;
-- nothing of it is read before this look
SELECT pg_temp.has_state('') AS has_state \gset
COMMIT;
