-- The end of the server's log, as bytes: an old encoding or a cut character is no reason to fail. One row; none without a log of its
-- own (logging_collector).
-- Versions: 12 to 18. Privileges: EXECUTE on pg_current_logfile(), pg_stat_file(text) and pg_read_binary_file(text, bigint, bigint),
-- looked at before. Locks: none.
SELECT pg_catalog.pg_read_binary_file(f.name, greatest(s.size - 131072, 0), 131072) AS content
  FROM (SELECT pg_catalog.pg_current_logfile('stderr')) AS f(name), LATERAL (SELECT size FROM pg_catalog.pg_stat_file(f.name)) AS s(size)
 WHERE f.name IS NOT NULL
