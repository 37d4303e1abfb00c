-- Names of all replication slots: a plan must not take one that exists. One row a slot. The temporary ones that sampling
-- itself peeks through are left out: they are gone when it ends.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT slot_name::text FROM pg_catalog.pg_replication_slots
 WHERE NOT (temporary AND slot_name LIKE 'pgslotplan\_peek\_%')
 ORDER BY slot_name
