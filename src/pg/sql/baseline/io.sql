-- Reads and writes of all processes. One row a figure.
-- Versions: 16 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT /* pgslotplan baseline */ 'io_reads_per_s' AS name, coalesce(sum(reads), 0)::float8 AS value, max(stats_reset) AS reset
  FROM pg_stat_io WHERE object = 'relation'
UNION ALL
SELECT 'io_writes_per_s', coalesce(sum(writes), 0)::float8 + coalesce(sum(extends), 0)::float8, max(stats_reset)
  FROM pg_stat_io WHERE object = 'relation'
