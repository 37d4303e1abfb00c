-- Makes the roles and memberships that come as CSV on standard input and are missing here. What would lead a role beyond its own
-- objects here is listed and refused, unless it is accepted (PGSLOTPLAN_ACCEPT_ROLES) or left out (PGSLOTPLAN_STRIP_ROLES): names of the
-- roles that would have it, separated by commas. SUPERUSER, REPLICATION and BYPASSRLS never come along.
\ir subscriber.sql
\ir powers.sql
\set accepted_roles `printf '%s' "$PGSLOTPLAN_ACCEPT_ROLES"`
\set stripped_roles `printf '%s' "$PGSLOTPLAN_STRIP_ROLES"`
CREATE TEMP TABLE wanted (kind text, name name, member_name name, can_login boolean, inherits boolean, creates_databases boolean,
    creates_roles boolean, connection_limit integer, is_superuser boolean, replicates boolean, bypasses_row_security boolean,
    is_admin boolean, inherits_group boolean, sets_group boolean, powers text[]);
\copy pg_temp.wanted FROM pstdin (FORMAT csv)
-- who runs these files without a superuser is here as somebody wanted it
DELETE FROM pg_temp.wanted WHERE :'privileges' <> 'superuser' AND CASE kind WHEN 'member' THEN member_name ELSE name END = current_user;
CREATE TEMP TABLE named_role AS
SELECT list.kind, btrim(item, E' \t\n') AS name
FROM (VALUES ('accepted', :'accepted_roles'), ('stripped', :'stripped_roles')) AS list(kind, items)
CROSS JOIN LATERAL unnest(string_to_array(list.items, ',')) AS item;
CREATE FUNCTION pg_temp.is_named(wanted_kind text, role_name name) RETURNS boolean LANGUAGE sql STABLE AS $pgslotplan$
  SELECT EXISTS (SELECT FROM pg_temp.named_role AS n WHERE n.kind = wanted_kind AND n.name IN (role_name::text, quote_ident(role_name::text)))
$pgslotplan$;
-- what a membership would bring: powers of the group and of all that it is a member of, here and by what is wanted
CREATE TEMP TABLE gained AS
WITH RECURSIVE edge (group_name, member_name) AS (
  SELECT g.rolname, m.rolname FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
  UNION SELECT w.name, w.member_name FROM pg_temp.wanted AS w WHERE w.kind = 'member'
), missing AS (
  SELECT w.name AS group_name, w.member_name FROM pg_temp.wanted AS w
  WHERE w.kind = 'member' AND NOT EXISTS (SELECT FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
    WHERE g.rolname = w.name AND m.rolname = w.member_name)
), reached (group_name, member_name, role_name) AS (
  SELECT group_name, member_name, group_name FROM missing
  UNION
  SELECT r.group_name, r.member_name, edge.group_name FROM reached AS r JOIN edge ON edge.member_name = r.role_name
), power AS (
  SELECT role.role_name, power FROM (SELECT DISTINCT role_name FROM reached) AS role CROSS JOIN LATERAL pg_temp.power_of(role.role_name) AS power
  UNION
  SELECT w.name, 'CREATEROLE' FROM pg_temp.wanted AS w WHERE w.kind = 'role' AND w.creates_roles AND NOT pg_temp.is_named('stripped', w.name)
    AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = w.name)
), held AS (
  SELECT m.member_name, h.power FROM (SELECT DISTINCT member_name FROM missing) AS m CROSS JOIN LATERAL pg_temp.powers_of(m.member_name) AS h
)
SELECT DISTINCT r.group_name, r.member_name, r.role_name, p.power
FROM reached AS r JOIN power AS p ON p.role_name = r.role_name
WHERE NOT EXISTS (SELECT FROM held AS h WHERE h.member_name = r.member_name AND h.power IN ('SUPERUSER', p.power));
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'roles of the publisher would get more here than is theirs',
  'Make them here as they should be: what is there stays. Or name the roles, separated by commas, in PGSLOTPLAN_STRIP_ROLES (they come without it) or in PGSLOTPLAN_ACCEPT_ROLES (they come with it, or keep what they have here).') AS refused
FROM (
  SELECT format('role %I: CREATEROLE', w.name) FROM pg_temp.wanted AS w
  WHERE w.kind = 'role' AND w.creates_roles AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = w.name)
    AND NOT pg_temp.is_named('accepted', w.name) AND NOT pg_temp.is_named('stripped', w.name)
  UNION ALL
  SELECT format('role %I: member of %I, %s', g.member_name, g.group_name,
                string_agg(CASE WHEN g.role_name = g.group_name THEN g.power ELSE format('%s through %I', g.power, g.role_name) END, ', ' ORDER BY g.power, g.role_name))
  FROM pg_temp.gained AS g
  WHERE NOT pg_temp.is_named('accepted', g.member_name) AND NOT pg_temp.is_named('stripped', g.member_name)
  GROUP BY g.member_name, g.group_name
  UNION ALL
  -- a function that runs with its owner's rights would have those of this server's role
  SELECT format('role %I: owns objects on the publisher, and has %s here', w.name, string_agg(DISTINCT h.power, ', '))
  FROM pg_temp.wanted AS w CROSS JOIN LATERAL pg_temp.powers_of(w.name) AS h
  WHERE w.kind = 'owner' AND NOT w.is_superuser AND h.power <> ALL (w.powers) AND NOT pg_temp.is_named('accepted', w.name)
  GROUP BY w.name
) AS found(line) \gset
SELECT format('CREATE ROLE %I %s %s %s %s CONNECTION LIMIT %s', name,
    CASE WHEN can_login THEN 'LOGIN' ELSE 'NOLOGIN' END, CASE WHEN inherits THEN 'INHERIT' ELSE 'NOINHERIT' END,
    CASE WHEN creates_databases THEN 'CREATEDB' ELSE 'NOCREATEDB' END,
    CASE WHEN creates_roles AND pg_temp.is_named('accepted', name) THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,
    connection_limit)
FROM pg_temp.wanted WHERE kind = 'role' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) ORDER BY name \gexec
-- from 16 on CREATEROLE grants only roles that it made
CREATE FUNCTION pg_temp.may_grant(group_name name) RETURNS boolean LANGUAGE sql STABLE AS $pgslotplan$
  SELECT r.rolsuper OR NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'pg_auth_members'::regclass AND attname = 'set_option')
    OR pg_has_role(group_name, 'MEMBER WITH ADMIN OPTION') FROM pg_roles AS r WHERE r.rolname = current_user
$pgslotplan$;
CREATE TEMP TABLE granted AS SELECT w.* FROM pg_temp.wanted AS w
WHERE w.kind = 'member' AND EXISTS (SELECT FROM pg_roles WHERE rolname = w.name)
  AND NOT EXISTS (SELECT FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
                  WHERE g.rolname = w.name AND m.rolname = w.member_name)
  AND NOT EXISTS (SELECT FROM pg_temp.gained AS g WHERE g.group_name = w.name AND g.member_name = w.member_name AND NOT pg_temp.is_named('accepted', g.member_name));
SELECT format('GRANT %I TO %I', w.name, w.member_name)
    || CASE WHEN w.inherits_group IS NOT NULL AND :'subscriber_grants_inherit_and_set' = 'on'
         THEN format(' WITH ADMIN %s, INHERIT %s, SET %s', upper(w.is_admin::text), upper(w.inherits_group::text), upper(w.sets_group::text))
         WHEN w.is_admin THEN ' WITH ADMIN OPTION' ELSE '' END
FROM pg_temp.granted AS w WHERE pg_temp.may_grant(w.name) ORDER BY w.name, w.member_name \gexec
SELECT pg_temp.warn(array_agg(format('GRANT %I TO %I', name, member_name) ORDER BY name, member_name), 'this role may not grant it; if it is wanted here') AS warned
FROM pg_temp.granted WHERE NOT pg_temp.may_grant(name) \gset
SELECT pg_temp.warn(array_agg(line ORDER BY line), 'a role is made without what it has on the publisher') AS warned
FROM (
  SELECT format('%s:%s%s%s%s', quote_ident(name::text), CASE WHEN is_superuser THEN ' SUPERUSER' END, CASE WHEN replicates THEN ' REPLICATION' END,
    CASE WHEN bypasses_row_security THEN ' BYPASSRLS' END, CASE WHEN creates_roles AND pg_temp.is_named('stripped', name) THEN ' CREATEROLE' END)
  FROM pg_temp.wanted
  WHERE kind = 'role' AND (is_superuser OR replicates OR bypasses_row_security OR creates_roles AND pg_temp.is_named('stripped', name))
  UNION ALL
  SELECT DISTINCT format('%s: member of %s', quote_ident(member_name::text), quote_ident(group_name::text)) FROM pg_temp.gained
  WHERE pg_temp.is_named('stripped', member_name) AND NOT pg_temp.is_named('accepted', member_name)
) AS found(line) \gset
SELECT pg_temp.warn(array_agg(quote_ident(w.name) ORDER BY w.name), 'a role is left out, for its name is that of a server or a provider; CREATE ROLE it if it is yours') AS skipped
FROM pg_temp.wanted AS w WHERE w.kind = 'skipped' AND NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = w.name) \gset
