-- Names of all replication slots: a plan must not take one that exists. One row a slot.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT slot_name::text FROM pg_catalog.pg_replication_slots ORDER BY slot_name
