-- pg_temp.slots_blocked(): what a new slot would wait for, in any database of this server; apply workers of the plan end by themselves.
CREATE OR REPLACE FUNCTION pg_temp.slots_blocked() RETURNS SETOF text LANGUAGE sql AS $pgslotplan$
  SELECT format('the transaction of session %s, role %s, database %s, since %s UTC', pid, usename, datname, to_char(xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
  FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() AND xact_start < clock_timestamp() - interval '1 s'
    AND pid NOT IN (SELECT w.pid FROM pg_temp.planned_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name
      JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database() JOIN pg_stat_subscription AS w ON w.subid = s.oid WHERE w.pid IS NOT NULL)
  UNION ALL
  SELECT format('the prepared transaction %L, role %s, database %s, since %s UTC', gid, owner, database, to_char(prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
  FROM pg_prepared_xacts
$pgslotplan$;
