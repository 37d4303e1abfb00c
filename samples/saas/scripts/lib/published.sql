-- What the publications of the relation publishing publish, as their subscriptions would be told: CSV on standard output, with a last
-- row that says that it is all.
\ir read_only.sql
COPY (
  SELECT DISTINCT w.subscription_name::text, t.schemaname::text, t.tablename::text
  FROM pg_temp.publishing AS w JOIN pg_publication_tables AS t ON t.pubname = w.publication_name
  UNION ALL SELECT '', 'end', ''
) TO STDOUT (FORMAT csv);
