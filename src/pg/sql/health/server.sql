-- One server at one moment: its clock and position, who holds what back, and how much of its limits is used. One row, a JSON object.
-- Versions: 12 to 18. Privileges: pg_read_all_stats shows transactions of others. Locks: none.
COPY (
WITH held AS (
  SELECT age(backend_xmin) AS age, format('session %s', pid) AS who FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
  UNION ALL SELECT age(backend_xid), format('session %s', pid) FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
  UNION ALL SELECT age(xmin), format('slot %I', slot_name) FROM pg_replication_slots WHERE xmin IS NOT NULL
  UNION ALL SELECT age(catalog_xmin), format('slot %I', slot_name) FROM pg_replication_slots WHERE catalog_xmin IS NOT NULL
  UNION ALL SELECT age(transaction), format('prepared transaction %s', gid) FROM pg_prepared_xacts
), writer AS (
  SELECT pid, usename, datname, extract(epoch FROM clock_timestamp() - xact_start) AS seconds FROM pg_stat_activity
  WHERE backend_xid IS NOT NULL AND backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 1
), prepared AS (
  SELECT gid, database, extract(epoch FROM clock_timestamp() - prepared) AS seconds FROM pg_prepared_xacts ORDER BY prepared LIMIT 1
)
SELECT json_build_object('server', json_build_object(
    'at', extract(epoch FROM clock_timestamp()),
    'version', current_setting('server_version_num')::integer,
    'position', CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint END,
    'started', extract(epoch FROM pg_postmaster_start_time()),
    'sees_others', pg_has_role('pg_read_all_stats', 'USAGE'),
    'is_closed', EXISTS (SELECT FROM pg_db_role_setting AS own JOIN pg_database AS d ON d.oid = own.setdatabase AND d.datname = current_database()
      WHERE own.setrole = 0 AND 'default_transaction_read_only=on' = ANY (own.setconfig)),
    'slots', (SELECT count(*) FROM pg_replication_slots), 'slot_limit', current_setting('max_replication_slots')::bigint,
    'senders', (SELECT count(*) FROM pg_stat_replication), 'sender_limit', current_setting('max_wal_senders')::bigint,
    'workers', (SELECT count(*) FROM pg_stat_subscription WHERE pid IS NOT NULL),
    'worker_limit', current_setting('max_logical_replication_workers')::bigint,
    'origins', (SELECT count(*) FROM pg_replication_origin),
    'origin_limit', coalesce(current_setting('max_active_replication_origins', true), current_setting('max_replication_slots'))::bigint,
    'slot_wal_limit_bytes', pg_size_bytes(nullif(current_setting('max_slot_wal_keep_size', true), '-1')),
    'xmin_age', (SELECT age FROM held ORDER BY age DESC LIMIT 1), 'xmin_holder', (SELECT who FROM held ORDER BY age DESC LIMIT 1),
    'frozen_age', (SELECT max(age(datfrozenxid)) FROM pg_database),
    'writer', (SELECT json_build_object('who', format('session %s of role %I in database %I', pid, usename, datname), 'seconds', seconds) FROM writer),
    'prepared', (SELECT json_build_object('who', format('%L in database %I', gid, database), 'seconds', seconds) FROM prepared)))
) TO STDOUT;
