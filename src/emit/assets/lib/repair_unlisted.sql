-- No subscription of the plan writes into the tables of this part now.
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'tables are still in their subscriptions', format('Run %s again.', :'step_repair_stop')) AS refused
FROM (
  SELECT format('table %I.%I of subscription %I', p.schema_name, p.table_name, s.subname)
  FROM pg_temp.planned_relation AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
  JOIN pg_subscription_rel AS r ON r.srrelid = c.oid JOIN pg_subscription AS s ON s.oid = r.srsubid
) AS found(line) \gset
