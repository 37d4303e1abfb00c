-- The cluster at one instant. One row.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: well below 1 ms.
-- Transaction ids stand for transactions: what only reads has none and never reaches the WAL.
SELECT pg_catalog.clock_timestamp() AS at,
       pg_catalog.pg_current_wal_lsn()::text AS lsn,
       ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::int8 AS timeline,
       pg_catalog.pg_postmaster_start_time() AS started,
       d.stats_reset,
       pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) AS next_transaction
  FROM pg_catalog.pg_stat_database d
 WHERE d.datname = pg_catalog.current_database()
