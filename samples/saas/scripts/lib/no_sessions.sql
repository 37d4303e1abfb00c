-- Refuses while somebody else is connected, but for a moment: a session of ours that ends is told from others by nothing.
\set settle_seconds 1
\ir settle.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'sessions do not come through the paused PgBouncers',
  'A PgBouncer that cutover.conf does not list, or a client that goes around it. List it, or end them.') AS refused
FROM pg_temp.other_sessions() \gset
