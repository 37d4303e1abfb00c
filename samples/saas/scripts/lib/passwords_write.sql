-- Gives roles that have no password here, or another one, the verifier of the publisher, from CSV on standard input. A verifier
-- stands in no statement that a log or pg_stat_activity shows, and what is no verifier is never taken for a password. A role with
-- powers here keeps its own: whoever holds the publisher would get these.
\ir subscriber.sql
\ir powers.sql
\ir passwords_may.sql
\ir log_off.sql
\set VERBOSITY terse
\set SHOW_CONTEXT never
SELECT count(set_config(p.name, w.value, false)) AS terse FROM (VALUES ('log_error_verbosity', 'terse'), ('md5_password_warnings', 'off')) AS w(name, value)
JOIN pg_settings AS p ON p.name = w.name WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \gset
\set accepted_roles `printf '%s' "$PGSLOTPLAN_ACCEPT_ROLES"`
SELECT set_config('pgslotplan.accepted_roles', :'accepted_roles', false) AS accepted_roles \gset
CREATE TEMP TABLE brought (kind text, name text, verifier text);
\copy pg_temp.brought FROM pstdin (FORMAT csv)
SELECT pg_temp.refuse(CASE WHEN NOT EXISTS (SELECT FROM pg_temp.brought AS e WHERE e.kind = 'end'
    AND e.name = (SELECT count(*)::text FROM pg_temp.brought WHERE kind = 'role')) THEN ARRAY['the publisher ended before its last row'] END,
  'reason why nothing was changed', 'Read what the publisher said, then run this step again.') AS refused \gset
CREATE TEMP TABLE judged AS
SELECT b.name, CASE
    WHEN b.verifier !~ '^(md5[0-9a-f]{32}|SCRAM-SHA-256[$][0-9]{1,9}:[A-Za-z0-9+/=]+[$][A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+)$' THEN 'what the publisher has is no verifier'
    WHEN b.name <> ALL (ARRAY(SELECT btrim(item, E' \t\n') FROM unnest(string_to_array(:'accepted_roles', ',')) AS item))
      THEN (SELECT 'it has ' || string_agg(DISTINCT power, ', ') || ' here; PGSLOTPLAN_ACCEPT_ROLES accepts it' FROM pg_temp.powers_of(b.name)) END AS reason
FROM pg_temp.brought AS b JOIN pg_authid AS r ON r.rolname = b.name
WHERE b.kind = 'role' AND r.rolpassword IS DISTINCT FROM b.verifier;
DO $pgslotplan$ DECLARE
  item record;
BEGIN
  FOR item IN SELECT j.name, b.verifier FROM pg_temp.judged AS j JOIN pg_temp.brought AS b ON b.kind = 'role' AND b.name = j.name WHERE j.reason IS NULL LOOP
    BEGIN
      EXECUTE format('ALTER ROLE %I PASSWORD %L', item.name, item.verifier);
    EXCEPTION WHEN insufficient_privilege THEN
      -- from 16 on CREATEROLE changes only roles that it made
      UPDATE pg_temp.judged SET reason = 'this role may not change it' WHERE name = item.name;
    WHEN OTHERS THEN
      RAISE EXCEPTION USING MESSAGE = format('the password of role %I was refused', item.name), ERRCODE = SQLSTATE;
    END;
  END LOOP;
END $pgslotplan$;
SELECT pg_temp.warn(array_agg(format('%I: %s', name, reason) ORDER BY name), 'a role keeps the password that it has here') AS warned FROM pg_temp.judged WHERE reason IS NOT NULL \gset
SELECT pg_temp.warn(array_agg(format('%I', rolname) ORDER BY rolname), 'a role that may log in has no password') AS warned
FROM pg_authid WHERE rolcanlogin AND rolpassword IS NULL AND oid >= 16384 AND rolname <> current_user \gset
\pset format unaligned
\pset tuples_only on
SELECT format('%s passwords brought, %s were the same', (SELECT count(*) FROM pg_temp.judged WHERE reason IS NULL),
  (SELECT count(*) FROM pg_temp.brought AS b JOIN pg_authid AS r ON r.rolname = b.name WHERE b.kind = 'role') - (SELECT count(*) FROM pg_temp.judged));
DROP TABLE pg_temp.brought;
\ir log_on.sql
