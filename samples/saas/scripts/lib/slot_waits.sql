-- Before slots of the relation :slots are made while nobody waits for it: what the first one waits for is named, and it waits as long as
-- statement_timeout lets it. That is no lock that somebody else waits behind. Not in the pause of a cutover.
\ir slots_blocked.sql
SELECT pg_temp.warn(array_agg(line ORDER BY line), 'the slot waits for the end of') AS warned FROM pg_temp.slots_blocked() AS line
WHERE EXISTS (SELECT FROM pg_temp.:"slots" AS w WHERE NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = w.slot_name)) \gset
SET lock_timeout = 0;
