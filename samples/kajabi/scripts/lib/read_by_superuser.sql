-- Warns of slots that a superuser reads: its connection string, perhaps with its password, stands in the subscriber's catalog.
SELECT pg_temp.warn(array_agg(format('slot %I is read by role %I', s.slot_name, a.usename) ORDER BY s.slot_name),
  'a role with REPLICATION and SELECT on the tables is enough, ALTER SUBSCRIPTION ... CONNECTION names it') AS warned
FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name AND s.active
JOIN pg_stat_activity AS a ON a.pid = s.active_pid JOIN pg_roles AS r ON r.oid = a.usesysid AND r.rolsuper \gset
