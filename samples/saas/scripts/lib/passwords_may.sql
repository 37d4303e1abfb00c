-- Refuses a role that may not read verifiers: those of providers may not.
SELECT pg_temp.refuse(CASE WHEN NOT has_table_privilege('pg_catalog.pg_authid', 'SELECT') THEN ARRAY[format('role %I may not read pg_authid', current_user)] END,
  'reason why passwords cannot be brought',
  'Set each on the subscriber by hand, \password ROLE in psql, with the password that the application has; then run this step with PGSLOTPLAN_PASSWORDS=no.') AS refused \gset
