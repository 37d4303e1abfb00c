-- Warns when the old database stays read-only.
SELECT pg_temp.warn(CASE WHEN pg_temp.has_state('stopped_writes') THEN ARRAY['lib/writes_open_publisher.sql opens it'] END,
  'the old database stays read-only') AS warned \gset
