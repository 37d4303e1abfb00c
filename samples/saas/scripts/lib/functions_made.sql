-- A partition key is evaluated by the role that makes the table, planned or not.
\ir publisher.sql
\if :{?accepted_functions} \else \set accepted_functions `printf '%s' "$PGSLOTPLAN_ACCEPT_FUNCTIONS"` \endif
\ir tenant_functions.sql
\ir read_only.sql
SELECT pg_temp.refuse(array_agg(format('function %s of role %I: %s of table %I.%I', f.function, f.owner, f.runs, f.schema_name, f.table_name) ORDER BY f.schema_name, f.table_name),
  'functions of roles that are no superusers would run as the role that makes the tables',
  'Let a role make them that is no superuser and a member of the tables'' owners: PGSLOTPLAN_LOADER. To accept what was read, function by function or all of a role: PGSLOTPLAN_ACCEPT_FUNCTIONS, separated by semicolons.') AS refused
FROM pg_temp.tenant_functions() AS f
CROSS JOIN (SELECT array_agg(btrim(item, E' \t\n')) AS items FROM unnest(string_to_array(:'accepted_functions', ';')) AS item) AS accepted
WHERE f.runs = 'partition key' AND (f.function = ANY (items) OR f.owner = ANY (items) OR quote_ident(f.owner) = ANY (items)) IS NOT TRUE \gset
