-- Subscriptions of the relation :receivers that exist already belong to a superuser, to us or to the role that is to own them, and lead
-- where :target_dsn leads. Who may not read the connection strings is not told about them.
\if :receiver_asks_formats \else \ir dsn_formats.sql \endif
\if :{?subscription_owner} \else \set subscription_owner `printf '%s' "$PGSLOTPLAN_SUBSCRIPTION_OWNER"` \endif
-- host, port and database that a connection string leads to, in both of its forms
CREATE OR REPLACE FUNCTION pg_temp.target_of(dsn text) RETURNS text LANGUAGE plpgsql AS $pgslotplan$ DECLARE
  parts text[]; host text; port text; name text; found_word record;
BEGIN
  parts := regexp_match(dsn, '^postgres(?:ql)?://(?:[^@/]*@)?([^/?]*)(?:/([^?]*))?(?:\?(.*))?$');
  IF parts IS NOT NULL THEN
    host := nullif(regexp_replace(parts[1], ':[0-9]*$', ''), '');
    port := substring(parts[1] FROM ':([0-9]+)$');
    name := nullif(parts[2], '');
    FOR found_word IN SELECT m[1] AS word, m[2] AS value FROM regexp_matches(coalesce(parts[3], ''), '(?:^|&)(host|hostaddr|port|dbname)=([^&]*)', 'g') AS m LOOP
      IF found_word.word = 'port' THEN port := found_word.value; ELSIF found_word.word = 'dbname' THEN name := found_word.value; ELSE host := found_word.value; END IF;
    END LOOP;
    host := replace(replace(host, '%2F', '/'), '%2f', '/');
  ELSE
    FOR found_word IN SELECT m[1] AS word, CASE WHEN m[2] LIKE '''%' THEN regexp_replace(substr(m[2], 2, length(m[2]) - 2), '\\(.)', '\1', 'g')
          ELSE regexp_replace(m[2], '\\(.)', '\1', 'g') END AS value
        FROM regexp_matches(dsn, '([a-z_]+)\s*=\s*(''(?:[^''\\]|\\.)*''|(?:[^\s''\\]|\\.)*)', 'g') AS m LOOP
      IF found_word.word = 'port' THEN port := found_word.value; ELSIF found_word.word = 'dbname' THEN name := found_word.value;
      ELSIF found_word.word = 'hostaddr' OR found_word.word = 'host' AND host IS NULL THEN host := found_word.value; END IF;
    END LOOP;
  END IF;
  RETURN format('host %s, port %s, database %s', coalesce(host, 'local'), coalesce(nullif(port, ''), '5432'), coalesce(name, '?'));
END $pgslotplan$;
SELECT has_column_privilege('pg_subscription', 'subconninfo', 'SELECT') AS may_read_target \gset
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'subscriptions were made by somebody else',
  'Name their owner in PGSLOTPLAN_SUBSCRIPTION_OWNER if that is wanted; drop them if nothing uses them, or plan again with another --prefix.') AS refused
FROM (
  SELECT format('subscription %I is owned by %I', s.subname, o.rolname)
  FROM pg_temp.:"receivers" AS r JOIN pg_subscription AS s ON s.subname = r.:"receiver_column"
  JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
  JOIN pg_roles AS o ON o.oid = s.subowner
  WHERE NOT o.rolsuper AND o.rolname NOT IN (current_user, :'subscription_owner')
) AS found(line) \gset
\if :may_read_target
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'subscriptions lead somewhere else',
  'Drop them if nothing uses them, or ALTER SUBSCRIPTION ... CONNECTION if the server has moved.') AS refused
FROM (
  SELECT format('subscription %I leads to %s, not to %s', s.subname, pg_temp.target_of(s.subconninfo), pg_temp.target_of(:'target_dsn'))
  FROM pg_temp.:"receivers" AS r JOIN pg_subscription AS s ON s.subname = r.:"receiver_column"
  JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
  WHERE s.subconninfo <> :'target_dsn' AND pg_temp.target_of(s.subconninfo) <> pg_temp.target_of(:'target_dsn')
) AS found(line) \gset
\endif
