-- Replicas, slots, dead rows and ages of transactions, at this moment. One row a figure.
-- Versions: 12 to 18. Privileges: pg_read_all_stats shows the positions of replicas. Locks: none.
SELECT /* pgslotplan baseline */ 'replica_lag_bytes' AS name, max(pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn))::float8 AS value
  FROM pg_stat_replication WHERE NOT pg_is_in_recovery() AND flush_lsn IS NOT NULL HAVING count(*) > 0
UNION ALL
SELECT 'replica_lag_s', coalesce(max(extract(epoch FROM replay_lag)), 0)::float8
  FROM pg_stat_replication WHERE flush_lsn IS NOT NULL HAVING count(*) > 0
UNION ALL
SELECT 'slot_retained_bytes', max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn))::float8
  FROM pg_replication_slots WHERE NOT pg_is_in_recovery() AND restart_lsn IS NOT NULL HAVING count(*) > 0
UNION ALL
SELECT 'dead_rows', coalesce(sum(n_dead_tup), 0)::float8 FROM pg_stat_user_tables
UNION ALL
SELECT 'frozen_xid_age', max(age(datfrozenxid))::float8 FROM pg_database
UNION ALL
SELECT 'frozen_multixact_age', max(mxid_age(datminmxid))::float8 FROM pg_database
