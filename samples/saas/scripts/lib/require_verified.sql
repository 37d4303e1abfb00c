-- Refuses unless the last comparison of all rows found no difference, and skipped no table but those of :uncompared: nothing else says that
-- no row is missing.
SELECT pg_temp.has_state('verified') AS is_verified \gset
\set skipped '{}'
\if :is_verified
SELECT count(*) > 0 AS is_verified, coalesce(min(skipped), '{}') AS skipped FROM pgslotplan.verified WHERE prefix = :'prefix' AND plan_sha256 = :'plan_sha256' AND differences = 0 \gset
\endif
SELECT pg_temp.refuse(CASE WHEN NOT :'is_verified'::boolean THEN ARRAY[:'step_verify' || ' has not ended with 0 for this plan, or not since a repair'] END, 'reason against the cutover: nothing says that no row is missing',
  'Run it, or say WITHOUT=''verify'' in cutover.conf if you compared otherwise.') AS refused \gset
SELECT pg_temp.refuse(array_agg('table ' || name ORDER BY name), 'tables were skipped by the comparison',
  format('VERIFY_FOREIGN_CODE=yes lets %s compare them, by a login that only reads. Or name them in UNCOMPARED of cutover.conf.', :'step_verify')) AS refused
FROM unnest(:'skipped'::text[]) AS name WHERE name <> ALL (string_to_array(replace(:'uncompared', ' ', ''), ',')) \gset
