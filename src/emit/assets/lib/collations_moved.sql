-- Indexes built where a collation had another version: on another operating system its order is another, and look-ups miss rows. The
-- version of the database's own collation is known from 15 on.
\if :subscriber_knows_default_collation
SELECT count(*) > 0 AS default_moved FROM pg_database WHERE datname = current_database() AND datcollversion <> pg_database_collation_actual_version(oid) \gset
\else
\set default_moved off
\endif
SELECT pg_temp.warn(array_agg(line ORDER BY line), 'order of texts may have changed: rebuild before the application comes') AS warned
FROM (
  SELECT format('REINDEX INDEX CONCURRENTLY %I.%I', n.nspname, c.relname)
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid AND c.relkind = 'i' JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_' AND EXISTS (
    SELECT FROM pg_collation AS l WHERE l.oid = ANY (i.indcollation::oid[])
      AND (l.oid = 100 AND :'default_moved' IN ('on', 't') OR l.collversion <> pg_collation_actual_version(l.oid)))
) AS found(line) \gset
