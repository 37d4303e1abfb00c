-- Settings that slots, walsenders and workers depend on, and those that tell who runs the server. One row a setting.
-- Versions: 12 to 18; a setting that the version lacks is simply absent. Privileges: pg_monitor (or
-- pg_read_all_settings) for those that only superusers see. Locks: none.
SELECT s.name::text AS name, coalesce(s.setting, '')::text AS value
  FROM pg_catalog.pg_settings s
 WHERE s.name IN ('wal_level', 'max_replication_slots', 'max_wal_senders', 'logical_decoding_work_mem',
                  'max_slot_wal_keep_size', 'idle_replication_slot_timeout', 'output_plugin_libraries', 'max_prepared_transactions',
                  'max_logical_replication_workers', 'max_worker_processes', 'max_active_replication_origins',
                  'max_sync_workers_per_subscription', 'max_parallel_apply_workers_per_subscription',
                  'track_commit_timestamp', 'wal_retrieve_retry_interval', 'wal_sender_timeout', 'wal_receiver_timeout',
                  'max_connections', 'track_counts', 'full_page_writes', 'block_size', 'wal_segment_size',
                  'server_encoding', 'lc_collate', 'cluster_name', 'rds.logical_replication',
                  'cloudsql.logical_decoding', 'synchronous_standby_names', 'hot_standby_feedback',
                  'checkpoint_timeout', 'max_wal_size', 'wal_compression', 'unix_socket_directories',
                  'rds.extensions', 'cloudsql.iam_authentication', 'azure.extensions',
                  'alloydb.iam_authentication', 'alloydb.logical_decoding', 'neon.timeline_id', 'neon.tenant_id',
                  'supautils.reserved_roles', 'supautils.privileged_role', 'crunchy.cluster_id')
