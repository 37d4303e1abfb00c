-- Counters of the database and of the writers up to 16, by the name of their figure. One row a figure.
-- Versions: 12 to 18; what a version lacks is absent. Privileges: none beyond CONNECT. Locks: none.
WITH /* pgslotplan baseline */ d AS (SELECT to_jsonb(s) AS j, s.stats_reset FROM pg_stat_database AS s WHERE s.datname = current_database()),
     w AS (SELECT to_jsonb(s) AS j, s.stats_reset FROM pg_stat_bgwriter AS s),
     times AS (SELECT 1 FROM pg_settings WHERE name = 'track_io_timing' AND setting = 'on')
SELECT k.name, (d.j ->> k.counter)::float8 AS value, d.stats_reset AS reset
  FROM d, (VALUES ('commits_per_s', 'xact_commit'), ('rollbacks_per_s', 'xact_rollback'),
                  ('rows_returned_per_s', 'tup_returned'), ('rows_fetched_per_s', 'tup_fetched'),
                  ('rows_inserted_per_s', 'tup_inserted'), ('rows_updated_per_s', 'tup_updated'),
                  ('rows_deleted_per_s', 'tup_deleted'), ('blocks_hit_per_s', 'blks_hit'), ('blocks_read_per_s', 'blks_read'),
                  ('temp_files_per_s', 'temp_files'), ('temp_bytes_per_s', 'temp_bytes'),
                  ('deadlocks_per_s', 'deadlocks'), ('conflicts_per_s', 'conflicts')) AS k (name, counter)
 WHERE d.j ? k.counter
UNION ALL
SELECT k.name, (d.j ->> k.counter)::float8, d.stats_reset
  FROM d, times, (VALUES ('block_read_ms_per_s', 'blk_read_time'), ('block_write_ms_per_s', 'blk_write_time')) AS k (name, counter)
UNION ALL
SELECT k.name, (w.j ->> k.counter)::float8, w.stats_reset
  FROM w, (VALUES ('checkpoints_timed_per_s', 'checkpoints_timed'), ('checkpoints_requested_per_s', 'checkpoints_req'),
                  ('checkpoint_blocks_per_s', 'buffers_checkpoint'), ('cleaned_blocks_per_s', 'buffers_clean'),
                  ('backend_blocks_per_s', 'buffers_backend')) AS k (name, counter)
 WHERE w.j ? k.counter
UNION ALL
SELECT 'wal_bytes_per_s', pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8, NULL WHERE NOT pg_is_in_recovery()
