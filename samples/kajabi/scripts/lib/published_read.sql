-- Reads what is published (published.sql) from standard input, as the temporary table published.
\ir subscribed.sql
CREATE TEMP TABLE published (subscription_name name, schema_name name, table_name name);
\copy pg_temp.published FROM pstdin (FORMAT csv)
SELECT pg_temp.refuse(CASE WHEN NOT EXISTS (SELECT FROM pg_temp.published WHERE subscription_name = '' AND schema_name = 'end') THEN ARRAY['the publisher ended before its last row'] END,
  'reason why the publications cannot be judged', 'Read what the publisher said, then run this again.') AS refused \gset
