-- Sessions whose transaction is older than a minute, with whether it has written. One row a session.
-- Versions: 12 to 18. Privileges: pg_read_all_stats (in pg_monitor) for the sessions of others. Locks: none.
SELECT a.pid, a.datname::text AS database, a.usename::text AS role, a.application_name::text AS application_name,
       a.state::text AS state, a.backend_xid IS NOT NULL AS has_written,
       extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::float8 AS age_s
  FROM pg_catalog.pg_stat_activity a
 WHERE a.backend_type = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid()
   AND a.xact_start < pg_catalog.clock_timestamp() - interval '60 s'
 ORDER BY a.xact_start
