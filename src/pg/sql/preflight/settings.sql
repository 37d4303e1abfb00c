-- Settings that a plan depends on, as a new session of this role gets them (reset_val): this session changed some.
-- Versions: 12 to 18; a setting that the version lacks is simply absent. Privileges: pg_read_all_settings for those that
-- only superusers see. Locks: none.
SELECT s.name::text AS name, coalesce(s.reset_val, s.setting, '')::text AS value, s.pending_restart
  FROM pg_catalog.pg_settings s
 WHERE s.name IN ('statement_timeout', 'transaction_timeout', 'idle_session_timeout', 'lock_timeout', 'ssl', 'wal_sender_timeout', 'wal_receiver_timeout',
                  'synchronous_standby_names', 'synchronized_standby_slots', 'default_transaction_read_only', 'log_statement',
                  'log_min_duration_statement')
    OR s.pending_restart
