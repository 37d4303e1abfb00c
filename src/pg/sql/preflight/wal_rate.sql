-- Mean rate of WAL since the statistics were reset. One row.
-- Versions: 14 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT (w.wal_bytes / greatest(1, extract(epoch FROM pg_catalog.clock_timestamp() - w.stats_reset)))::float8 AS bytes_per_s
  FROM pg_catalog.pg_stat_wal w
 WHERE w.stats_reset IS NOT NULL
