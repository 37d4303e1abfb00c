-- Replication slots of the whole server, and how much WAL each retains. One row a slot.
-- Versions: 12 to 18; to_jsonb gives the columns that only newer ones have. Privileges: none beyond CONNECT. Locks: none.
SELECT s.slot_name::text AS name,
       s.plugin::text AS plugin,
       s.slot_type::text AS slot_type,
       s.database::text AS database,
       s.temporary,
       s.active,
       s.confirmed_flush_lsn::text AS confirmed_flush_lsn,
       pg_catalog.to_jsonb(s) ->> 'wal_status' AS wal_status,
       coalesce((pg_catalog.to_jsonb(s) ->> 'failover')::boolean, false) AS failover,
       pg_catalog.to_jsonb(s) ->> 'invalidation_reason' AS invalidation_reason,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
            ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)::int8 END AS retained_bytes
  FROM pg_catalog.pg_replication_slots s
 ORDER BY s.slot_name
