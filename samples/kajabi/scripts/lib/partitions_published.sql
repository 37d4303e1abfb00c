-- What this plan publishes: see published.sql.
\ir publisher.sql
CREATE TEMP TABLE publishing AS
SELECT b.publication_name, s.subscription_name FROM pg_temp.planned_publication AS b JOIN pg_temp.planned_slot AS s USING (slot_name);
\ir published.sql
