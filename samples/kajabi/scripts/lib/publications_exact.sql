-- Refuses publications that are not exactly the planned ones.
\ir publication_differences.sql
SELECT pg_temp.refuse(:'differences'::text[], 'differences between the publications and the plan',
  'Somebody else made or changed them. Drop them if nothing uses them, or plan again with another --prefix.') AS refused \gset
