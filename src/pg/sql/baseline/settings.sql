-- Settings that plans, memory, vacuum and writing depend on. One row a setting: as
-- a session has it that sets nothing itself.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT /* pgslotplan baseline */ name::text AS name, coalesce(reset_val, '')::text AS value, unit::text AS unit
  FROM pg_settings
 WHERE category LIKE 'Query Tuning%' OR category LIKE 'Autovacuum%' OR category LIKE '%/ Checkpoints'
    OR name LIKE 'autovacuum%' OR name LIKE 'vacuum\_%' OR name LIKE 'max_parallel%'
    OR name IN ('shared_buffers', 'work_mem', 'hash_mem_multiplier', 'maintenance_work_mem', 'temp_buffers', 'effective_io_concurrency',
                'huge_pages', 'max_connections', 'max_worker_processes', 'track_io_timing', 'synchronous_commit', 'wal_compression',
                'wal_buffers', 'full_page_writes', 'checkpoint_timeout', 'max_wal_size', 'deadlock_timeout', 'io_method',
                'io_workers', 'pg_stat_statements.track', 'pg_stat_statements.max', 'data_checksums')
