-- Walsenders, with the slot each serves. One row a walsender.
-- Versions: 12 to 18. Privileges: pg_monitor for all but their number. Locks: none.
SELECT r.application_name::text AS application_name, r.state::text AS state, s.slot_name::text AS slot_name,
       s.slot_type::text AS slot_type
  FROM pg_catalog.pg_stat_replication r
  LEFT JOIN pg_catalog.pg_replication_slots s ON s.active_pid = r.pid
