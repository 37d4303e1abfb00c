-- Whether the subscriber follows one of the two plans, and has what moves.
\ir subscriber.sql
\ir transition_mark.sql
\ir transition.sql
\ir subscribed.sql
\ir read_only.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'reasons against changing the plan now', 'Nothing was changed. Mend what the detail names, then run this again.') AS refused
FROM (
  SELECT format('subscription %I does not exist', r.subscription_name) FROM pg_temp.running_slot AS r
  WHERE EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE p.subscription_name = r.subscription_name)
    AND NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s WHERE s.subscription_name = r.subscription_name)
  UNION ALL
  -- what stays or moves is complete in one of both places
  SELECT format('table %I.%I is %s', r.schema_name, r.table_name, CASE max(s.state) WHEN 'i' THEN 'not copied yet' WHEN 'd' THEN 'being copied'
    WHEN 'f' THEN 'copied, and not synchronized yet' WHEN 's' THEN 'synchronized, and not ready yet' ELSE 'in no subscription of the two plans' END)
  FROM pg_temp.running_relation AS r
  JOIN pg_temp.planned_relation AS p USING (schema_name, table_name)
  LEFT JOIN pg_temp.subscribed() AS s ON s.schema_name = r.schema_name AND s.table_name = r.table_name AND s.subscription_name IN (r.subscription_name, p.subscription_name)
  GROUP BY r.schema_name, r.table_name, r.subscription_name, p.subscription_name HAVING coalesce(bool_or(s.state = 'r'), false) IS NOT true
  UNION ALL
  SELECT format('subscription %I is disabled', s.subscription_name) FROM pg_temp.subscribed() AS s
  JOIN pg_temp.running_slot AS r ON r.subscription_name = s.subscription_name
  -- a run that was stopped leaves the one disabled that takes tables over
  WHERE NOT s.enabled AND s.slot_name IS DISTINCT FROM :'no_slot' AND NOT EXISTS (SELECT FROM pg_temp.transition_batch AS b WHERE b.kind = 'move' AND b.to_subscription = s.subscription_name)
) AS found(line) \gset
