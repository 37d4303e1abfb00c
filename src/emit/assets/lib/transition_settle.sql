-- Subscriptions that are held learn the tables that they are sent, which others have brought here; while their slot does not exist.
\ir subscriber.sql
\ir transition_mark.sql
\ir transition_list.sql
CREATE TEMP TABLE unknown_here AS
SELECT h.subscription_name, p.schema_name, p.table_name FROM pg_temp.held_subscription() AS h JOIN pg_temp.published AS p USING (subscription_name)
WHERE NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s WHERE (s.subscription_name, s.schema_name, s.table_name) = (h.subscription_name, p.schema_name, p.table_name));
SELECT pg_temp.refuse(array_agg(format('table %I.%I of subscription %I', schema_name, table_name, subscription_name)), 'tables of a held subscription are ready in no other one',
  'Somebody changed a publication. Take that back, and run this again.') AS refused
FROM pg_temp.unknown_here AS u WHERE NOT EXISTS (SELECT FROM pg_temp.subscribed() AS s WHERE s.subscription_name <> u.subscription_name AND (s.schema_name, s.table_name, s.state) = (u.schema_name, u.table_name, 'r')) \gset
SELECT format('ALTER SUBSCRIPTION %I ENABLE', subscription_name) FROM pg_temp.unknown_here GROUP BY subscription_name \gexec
SELECT format('ALTER SUBSCRIPTION %I REFRESH PUBLICATION WITH (copy_data = false)', subscription_name) FROM pg_temp.unknown_here GROUP BY subscription_name \gexec
SELECT format('ALTER SUBSCRIPTION %I DISABLE', subscription_name) FROM pg_temp.held_subscription() WHERE enabled \gexec
