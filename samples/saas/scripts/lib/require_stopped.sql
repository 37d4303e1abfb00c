-- Refuses while a planned subscription could still apply a TRUNCATE.
SELECT pg_temp.refuse(array_agg(format('subscription %I', s.subname) ORDER BY s.subname), 'subscriptions are still enabled',
  format('A replicated TRUNCATE would stop them forever once the foreign keys are back. Run %s first.', :'step_stop')) AS refused
FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database() WHERE s.subenabled \gset
