-- Sessions of the database and what they wait for, at this moment. One row a figure.
-- Versions: 12 to 18. Privileges: pg_read_all_stats shows what sessions of others wait for. Locks: none.
WITH /* pgslotplan baseline */ s AS (SELECT state, wait_event_type, xact_start FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend')
SELECT k.name, k.value::float8 AS value
  FROM (SELECT count(*) AS sessions, count(*) FILTER (WHERE state = 'active') AS active,
               count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle,
               count(*) FILTER (WHERE state = 'active' AND wait_event_type = 'Lock') AS lock,
               count(*) FILTER (WHERE state = 'active' AND wait_event_type = 'LWLock') AS lwlock,
               count(*) FILTER (WHERE state = 'active' AND wait_event_type = 'IO') AS io,
               coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) AS longest FROM s) AS a,
       LATERAL (VALUES ('sessions', a.sessions::float8), ('sessions_active', a.active), ('sessions_idle_in_transaction', a.idle),
                       ('waits_lock', a.lock), ('waits_lwlock', a.lwlock), ('waits_io', a.io),
                       ('longest_transaction_s', a.longest)) AS k (name, value)
