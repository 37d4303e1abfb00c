-- Refuses unless the last comparison of all rows found no difference: nothing else says that no row is missing.
SELECT pg_temp.has_state('verified') AS is_verified \gset
\if :is_verified
SELECT EXISTS (SELECT FROM pgslotplan.verified WHERE prefix = :'prefix' AND plan_sha256 = :'plan_sha256' AND differences = 0) AS is_verified \gset
\endif
SELECT pg_temp.refuse(CASE WHEN NOT :'is_verified'::boolean THEN ARRAY[:'step_verify' || ' has not ended with 0 for this plan'] END, 'reason against the cutover: nothing says that no row is missing',
  'Run it, or say WITHOUT=''verify'' in cutover.conf if you compared otherwise.') AS refused \gset
