-- What is published, from standard input; and refuses what a REFRESH would do besides what is wanted:
-- pg_temp.would_do(subscription, number of the batch that joins, or 0).
\ir transition.sql
\ir published_read.sql
CREATE OR REPLACE FUNCTION pg_temp.would_do(wanted name, wanted_batch integer) RETURNS void LANGUAGE sql AS $pgslotplan$
  SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'surprises: REFRESH of a subscription would do more than this step is for',
    'Somebody changed a publication or a subscription. Take that back, and run this again.')
  FROM (
    SELECT format('table %I.%I would join subscription %I', p.schema_name, p.table_name, wanted)
    FROM pg_temp.published AS p WHERE p.subscription_name = wanted
      AND NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s WHERE (s.subscription_name, s.schema_name, s.table_name) = (wanted, p.schema_name, p.table_name))
      AND NOT EXISTS (SELECT FROM pg_temp.transition_relation AS r WHERE r.batch = wanted_batch AND (r.schema_name, r.table_name) = (p.schema_name, p.table_name))
    UNION ALL
    SELECT format('table %I.%I would leave subscription %I', s.schema_name, s.table_name, wanted)
    FROM pg_temp.subscribed() AS s WHERE s.subscription_name = wanted AND s.table_name IS NOT NULL
      AND NOT EXISTS (SELECT FROM pg_temp.published AS p WHERE (p.subscription_name, p.schema_name, p.table_name) = (wanted, s.schema_name, s.table_name))
      AND NOT EXISTS (SELECT FROM pg_temp.transition_relation AS r WHERE r.batch = wanted_batch AND (r.schema_name, r.table_name) = (s.schema_name, s.table_name))
      AND EXISTS (SELECT FROM pg_temp.planned_relation AS p WHERE (p.subscription_name, p.schema_name, p.table_name) = (wanted, s.schema_name, s.table_name))
  ) AS found(line)
$pgslotplan$;
\ir held_subscription.sql
