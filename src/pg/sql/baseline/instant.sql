-- The server's clock, its start, and when the counters of the database were set to zero. One row.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT /* pgslotplan baseline */ clock_timestamp() AS at, pg_postmaster_start_time() AS started,
       (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()) AS stats_reset
