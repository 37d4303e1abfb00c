-- The plan as temporary tables, and what files need to refuse or warn. One transaction, which nobody waits for: the pause of
-- a cutover counts transactions only after this one.
BEGIN;
SET LOCAL synchronous_commit = off;
-- event triggers of the database have nothing to do with temporary objects; only a superuser may leave them out
SELECT count(set_config('session_replication_role', 'replica', true)) AS replica FROM pg_roles WHERE rolname = current_user AND rolsuper \gset
\ir ../plan/tables.sql
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
-- What is wrong with a relation of the state schema: null when it is ours. A table that somebody else owns could be a view,
-- have triggers, or columns whose casts are his: it is never read.
CREATE FUNCTION pg_temp.foreign_state(wanted name) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
  SELECT CASE
    WHEN NOT owner.rolsuper AND owner.rolname <> current_user THEN format('schema %I is owned by %I', n.nspname, owner.rolname)
    WHEN EXISTS (SELECT FROM aclexplode(n.nspacl) AS a WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner)
      THEN format('others may create objects in schema %I', n.nspname)
    WHEN c.oid IS NULL THEN NULL
    WHEN c.relkind <> 'r' THEN format('relation %I.%I is no ordinary table', n.nspname, c.relname)
    WHEN NOT holder.rolsuper AND holder.rolname <> current_user THEN format('table %I.%I is owned by %I', n.nspname, c.relname, holder.rolname)
    WHEN EXISTS (SELECT FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0
                   AND NOT a.attisdropped AND (t.typnamespace <> 'pg_catalog'::regnamespace OR t.oid >= 16384))
      THEN format('table %I.%I has a column that is not of a built-in type', n.nspname, c.relname)
    END
  FROM pg_namespace AS n JOIN pg_roles AS owner ON owner.oid = n.nspowner
  LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted AND wanted <> ''
  LEFT JOIN pg_roles AS holder ON holder.oid = c.relowner
  WHERE n.nspname = 'pgslotplan'
$pgslotplan$;
-- Whether a table of the state schema is there. Refuses one that is not ours.
CREATE FUNCTION pg_temp.has_state(wanted name) RETURNS boolean LANGUAGE plpgsql STABLE AS $pgslotplan$ DECLARE
  reason text;
BEGIN
  IF wanted <> '' AND to_regclass('pgslotplan.' || quote_ident(wanted)) IS NULL THEN
    RETURN false;
  END IF;
  reason := pg_temp.foreign_state(wanted);
  IF reason IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = 'the schema pgslotplan is not ours to use', DETAIL = reason,
      HINT = 'Run the files with one role, or drop the schema if it is not needed.';
  END IF;
  RETURN wanted <> '';
END $pgslotplan$;
COMMIT;
