-- Before slots of the relation :slots are made while nobody waits for it: what the first one waits for is named, and it waits as long as
-- statement_timeout lets it. That is no lock that somebody else waits behind. Not in the pause of a cutover.
SELECT pg_temp.warn(array_agg(line ORDER BY line), 'the slot waits for the end of') AS warned
FROM (
  SELECT format('the transaction of session %s, role %s, database %s, since %s UTC', pid, usename, datname, to_char(xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
  FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() AND xact_start < clock_timestamp() - interval '1 s'
  UNION ALL
  SELECT format('the prepared transaction %L, role %s, database %s, since %s UTC', gid, owner, database, to_char(prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
  FROM pg_prepared_xacts
) AS found(line)
WHERE EXISTS (SELECT FROM pg_temp.:"slots" AS w WHERE NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = w.slot_name)) \gset
SET lock_timeout = 0;
