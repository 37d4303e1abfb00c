-- Takes away from the clone what belongs to the publisher, and marks it as the subscriber of the plan.
\if :is_aurora
\ir bootstrap_state.sql
INSERT INTO pgslotplan.bootstrap (prefix, plan_sha256, state, position)
VALUES (:'prefix', :'plan_sha256', 'begun', aurora_volume_logical_start_lsn()) ON CONFLICT (prefix) DO NOTHING;
\endif
\ir mark.sql
SELECT format('ALTER SUBSCRIPTION %I DISABLE', s.subname), format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s.subname),
       format('DROP SUBSCRIPTION %I', s.subname)
FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
WHERE NOT EXISTS (SELECT FROM pg_stat_subscription AS w WHERE w.subid = s.oid AND w.pid IS NOT NULL)
ORDER BY s.subname \gexec
SELECT pg_temp.refuse(array_agg(format('subscription %I of database %I', s.subname, d.datname) ORDER BY s.subname), 'subscriptions of the publisher came along and are alive',
  'They take their slot from the publisher. Set max_logical_replication_workers to 0 on the clone, restart it, and run this file again; '
  'in other databases: ALTER SUBSCRIPTION ... DISABLE, SET (slot_name = NONE), DROP.') AS refused
FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
WHERE s.subenabled OR d.datname = current_database() \gset
DO $pgslotplan$
DECLARE
  item record;
BEGIN
  -- a base backup has none; a storage clone has all of them, and each keeps WAL
  FOR item IN SELECT slot_name FROM pg_replication_slots WHERE NOT active AND NOT temporary ORDER BY slot_name LOOP
    PERFORM pg_drop_replication_slot(item.slot_name);
  END LOOP;
END
$pgslotplan$;
SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts WHERE database = current_database() ORDER BY gid \gexec
SELECT pg_temp.refuse(array_agg(format('%L in database %I', gid, database) ORDER BY gid), 'prepared transactions of the publisher came along',
  'They come again through the slots when the publisher commits them. In each of these databases: ROLLBACK PREPARED ''...'';') AS refused
FROM pg_prepared_xacts \gset
\ir truncate_allow.sql
SELECT format('DROP PUBLICATION %I', p.pubname) FROM pg_temp.planned_publication AS w JOIN pg_publication AS p ON p.pubname = w.publication_name ORDER BY w.number \gexec
SELECT pg_temp.warn(array_agg(format('%I', pubname) ORDER BY pubname), 'publication came along and stays') AS warned FROM pg_publication \gset
UPDATE pgslotplan.bootstrap SET state = 'loaded' WHERE prefix = :'prefix' AND state = 'begun';
