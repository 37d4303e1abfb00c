-- Refuses when a role that a PgBouncer uses could not get in here. A try with what the process holds counts; else the verifiers of both
-- servers must be the same and the first rule of pg_hba.conf that fits must let the role in. :accepted names roles that somebody
-- answers for. CSV on standard input, from logins_publisher.sql.
\ir subscriber.sql
\ir login_table.sql
SELECT pg_temp.refuse(CASE WHEN NOT EXISTS (SELECT FROM pg_temp.login WHERE bouncer = 'end' AND entry = '') THEN ARRAY['the publisher ended before its last row'] END,
  'reason why the logins cannot be judged', 'Read what the publisher said, then run this again.') AS refused \gset
DELETE FROM pg_temp.login WHERE bouncer = 'end' AND entry = ''
  OR role_name = ANY (ARRAY(SELECT btrim(item, E' \t\n') FROM unnest(string_to_array(:'accepted', ',')) AS item));
ALTER TABLE pg_temp.login ADD COLUMN here text, ADD COLUMN method text;
SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT') AND has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE') AS sees_rules,
       current_setting('ssl') = 'on' AS has_ssl \gset
\if :sees_rules
UPDATE pg_temp.login AS l SET here = coalesce(r.rolpassword, '') FROM pg_authid AS r WHERE r.rolname = l.role_name;
CREATE TEMP TABLE rule AS
SELECT row_number() OVER () AS number, h.type, h.database, h.user_name, h.address, h.netmask, h.auth_method FROM pg_hba_file_rules() AS h WHERE h.error IS NULL;
CREATE FUNCTION pg_temp.fits(address text, rule_address text, rule_netmask text) RETURNS boolean LANGUAGE plpgsql AS $pgslotplan$ BEGIN
  -- whether a name, samehost or samenet fits is not known here, nor is an address that nobody saw
  IF rule_address = 'all' OR address = '' THEN
    RETURN true;
  END IF;
  RETURN family(address::inet) = family(rule_address::inet)
    AND CASE WHEN family(address::inet) = family(rule_address::inet) THEN (address::inet & rule_netmask::inet) = (rule_address::inet & rule_netmask::inet) END;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $pgslotplan$;
UPDATE pg_temp.login AS l SET method = (
  SELECT CASE WHEN pg_temp.fits(l.address, r.address, r.netmask) IS NULL AND :'by' <> 'local' THEN 'a rule for ' || r.address ELSE r.auth_method END FROM pg_temp.rule AS r
  WHERE (CASE WHEN :'by' = 'local' THEN r.type = 'local'
         WHEN r.type = 'host' THEN true WHEN r.type = 'hostssl' THEN :'has_ssl' AND l.mode NOT IN ('disable', 'allow')
         WHEN r.type = 'hostnossl' THEN NOT (:'has_ssl' AND l.mode NOT IN ('disable', 'allow')) ELSE false END)
    AND (:'by' = 'local' OR pg_temp.fits(l.address, r.address, r.netmask) IS NOT FALSE)
    AND EXISTS (SELECT FROM unnest(r.database) AS d WHERE d IN ('all', l.database_name) OR d = 'sameuser' AND l.role_name = l.database_name
      OR d IN ('samerole', 'samegroup') AND EXISTS (SELECT FROM pg_roles AS m JOIN pg_roles AS g ON g.rolname = l.database_name WHERE m.rolname = l.role_name AND pg_has_role(m.oid, g.oid, 'MEMBER'))
      OR d ~ '^/' AND l.database_name ~ substr(d, 2))
    AND EXISTS (SELECT FROM unnest(r.user_name) AS u WHERE u IN ('all', l.role_name)
      OR u ~ '^[+]' AND EXISTS (SELECT FROM pg_roles AS m JOIN pg_roles AS g ON g.rolname = substr(u, 2) WHERE m.rolname = l.role_name AND pg_has_role(m.oid, g.oid, 'MEMBER'))
      OR u ~ '^/' AND l.role_name ~ substr(u, 2))
  ORDER BY r.number LIMIT 1);
\endif
SELECT pg_temp.refuse(array_agg(DISTINCT line ORDER BY line), 'roles of the PgBouncers could not log in to the new server',
  format('Bring passwords with %s, let pg_hba.conf of the new server admit the role, or name roles that you answer for in ACCEPTED_LOGINS of cutover.conf.', :'step_passwords')) AS refused
FROM (
  SELECT format('role %I, entry %s of PgBouncer %s: ', l.role_name, l.entry, l.bouncer) || (CASE
      WHEN l.tried = 't' THEN NULL
      WHEN r.oid IS NULL THEN 'it does not exist there'
      WHEN NOT r.rolcanlogin THEN 'it may not log in there'
      WHEN r.rolvaliduntil <= now() THEN 'its password is not valid any more there'
      WHEN d.oid IS NULL THEN format('database %I does not exist there', l.database_name)
      WHEN NOT has_database_privilege(r.oid, d.oid, 'CONNECT') THEN format('it may not connect to database %I there', l.database_name)
      WHEN l.tried <> '' THEN l.tried || CASE WHEN l.here = '' AND l.verifier <> '' THEN ' (it has no password there)' ELSE '' END
      WHEN l.verifier IS NULL OR NOT :'sees_rules'::boolean THEN 'nobody knows its password here, and pg_authid and pg_hba_file_rules cannot be read on both servers'
      WHEN l.method IS NULL THEN format('no rule of pg_hba.conf admits it from %s', coalesce(nullif(l.address, ''), 'the PgBouncer'))
      WHEN l.method = 'trust' THEN NULL
      WHEN l.method = 'reject' THEN format('pg_hba.conf rejects it from %s', coalesce(nullif(l.address, ''), 'the PgBouncer'))
      WHEN l.method NOT IN ('scram-sha-256', 'md5', 'password') THEN format('pg_hba.conf asks for %s, which cannot be proved from here', l.method)
      WHEN l.here = '' THEN 'it has no password there'
      WHEN l.here <> l.verifier THEN 'it has another password there than on the publisher'
      WHEN l.method = 'scram-sha-256' AND l.here ~ '^md5' THEN 'pg_hba.conf asks for scram-sha-256, but its password is an MD5 hash' END) AS line
  FROM pg_temp.login AS l LEFT JOIN pg_roles AS r ON r.rolname = l.role_name LEFT JOIN pg_database AS d ON d.datname = l.database_name
) AS found
WHERE line IS NOT NULL \gset
