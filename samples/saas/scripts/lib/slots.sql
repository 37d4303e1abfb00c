-- Creates the missing slots of the relation :slots, a temporary table with a column slot_name: the first, then copies of it. A
-- copy is made at once and at the same position, where a second creation would wait for open transactions again.
SELECT min(slot_name) FILTER (WHERE number = 0) AS first_slot,
       NOT EXISTS (SELECT FROM pg_temp.:"slots" AS f JOIN pg_replication_slots AS s ON s.slot_name = f.slot_name WHERE f.number = 0) AS first_is_missing
FROM pg_temp.:"slots" \gset
\if :first_is_missing
-- it waits for them as long as statement_timeout lets it: that is no lock that somebody else waits behind
SELECT pg_temp.warn(array_agg(line ORDER BY line), 'the slot waits for the end of') AS warned
FROM (
  SELECT format('the transaction of session %s, role %s, database %s, since %s UTC', pid, usename, datname, to_char(xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
  FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() AND xact_start < clock_timestamp() - interval '1 s'
  UNION ALL
  SELECT format('the prepared transaction %L, role %s, database %s, since %s UTC', gid, owner, database, to_char(prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
  FROM pg_prepared_xacts
) AS found(line) \gset
SET lock_timeout = 0;
SELECT count(*) AS created FROM pg_create_logical_replication_slot(:'first_slot', 'pgoutput') \gset
SET lock_timeout = '5s';
\endif
SELECT format('SELECT FROM pg_copy_logical_replication_slot(%L, %L, false, ''pgoutput'')', :'first_slot', w.slot_name)
FROM pg_temp.:"slots" AS w
WHERE w.number > 0 AND NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = w.slot_name)
ORDER BY w.number
\o /dev/null \gexec
\o
