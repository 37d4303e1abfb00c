-- Refuses a server whose writes these files have not stopped: what it takes meanwhile may be lost.
\ir closed.sql
SELECT pg_temp.refuse(CASE WHEN NOT :'is_closed'::boolean THEN ARRAY[format('the writes of this database, on the %s, are not stopped', :'session_side')] END, 'reason against going on',
  format('%s comes first.', CASE :'session_side' WHEN 'publisher' THEN :'step_writes_stop' ELSE :'step_pause' END)) AS refused \gset
