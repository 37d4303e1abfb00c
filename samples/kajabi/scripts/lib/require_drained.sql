-- Refuses unless a drain after the write stop is noted here: what is not applied when the subscriptions end does not come any more.
\ir drained.sql
SELECT :'is_drained'::boolean AND pg_temp.remembers('drained') AS is_drained \gset
SELECT pg_temp.refuse(CASE WHEN NOT :'is_drained'::boolean THEN ARRAY['no drain after the write stop is noted here'] END, 'reason against going on: rows could be lost',
  format('%s comes first, after %s. cutover.sh does all of it.', :'step_drain', :'step_writes_stop')) AS refused \gset
