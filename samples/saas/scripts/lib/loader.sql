-- The role of PGSLOTPLAN_LOADER is one that the code of others may run as.
\ir subscriber.sql
\ir powers.sql
SELECT pg_temp.refuse(array_agg(DISTINCT format('role %I has %s', current_user, power)), 'powers of PGSLOTPLAN_LOADER that the code of others would get',
  'Name a role without them: a member of the owners of the tables, or with grants on them.') AS refused
FROM pg_temp.powers_of(current_user) WHERE power <> 'BYPASSRLS' \gset
