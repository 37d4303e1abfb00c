-- Whether the planner has statistics of the given tables ($1, oids). One row a table of which that can be seen.
-- Versions: 12 to 18. Privileges: SELECT on a column of the table, or ownership; a table that nobody may read is told by its counters.
-- Locks: none.
SELECT /* pgslotplan baseline */ asked.oid,
       EXISTS (SELECT FROM pg_stats AS t WHERE t.schemaname = n.nspname AND t.tablename = c.relname) AS has_statistics,
       has_any_column_privilege(c.oid, 'SELECT') AND NOT c.relrowsecurity AS sees,
       (s.last_analyze IS NOT NULL OR s.last_autoanalyze IS NOT NULL) AS was_analyzed,
       c.reltuples <= 0 AND s.vacuum_count + s.autovacuum_count = 0 AS is_untouched
  FROM unnest($1) AS asked (oid)
  JOIN pg_class AS c ON c.oid = asked.oid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_stat_user_tables AS s ON s.relid = asked.oid
