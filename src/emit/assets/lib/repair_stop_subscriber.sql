-- Notes the repair, then drops the subscriptions that are made again; they let go of their slots first, so that this works while the
-- publisher or the slot is gone. Writes into :out how slots of table synchronization workers are named that a dropped subscription
-- may have left on the publisher.
\ir subscriber.sql
\ir repaired.sql
\ir require_mark.sql
\ir before_cutover.sql
\ir state.sql
CREATE TABLE IF NOT EXISTS pgslotplan.repair (
    prefix text NOT NULL, slot_name name NOT NULL, repair text NOT NULL, state text NOT NULL, sync_slots text NOT NULL, PRIMARY KEY (prefix, slot_name));
SELECT pg_temp.close_state() AS has_state \gset
\ir repair_others.sql
-- what was compared is compared anew
\set table verified
\ir forget.sql
\ir repair_subscriptions_known.sql
-- from 14 on these slots are lasting ones, and their names hold the subscription's oid; it is noted before the subscription goes
SELECT :'subscriber_has_lasting_sync_slots' = 'on' AS has_sync_slots, has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS knows_itself \gset
\set itself '[0-9]+'
\if :knows_itself
SELECT system_identifier::text AS itself FROM pg_control_system() \gset
\endif
\if :has_sync_slots
INSERT INTO pgslotplan.repair AS r (prefix, slot_name, repair, state, sync_slots)
SELECT :'prefix', p.slot_name, :'repair', 'stopping', coalesce(format('^pg_%s_sync_[0-9]+_%s$', s.oid, :'itself'), '')
FROM pg_temp.planned_slot AS p LEFT JOIN pg_temp.repaired_slot AS again ON again.slot_name = p.slot_name
LEFT JOIN (pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database())
  ON s.subname = again.subscription_name
ON CONFLICT (prefix, slot_name) DO UPDATE SET state = 'stopping', sync_slots = CASE WHEN excluded.sync_slots = '' THEN r.sync_slots ELSE excluded.sync_slots END;
\else
INSERT INTO pgslotplan.repair (prefix, slot_name, repair, state, sync_slots) SELECT :'prefix', p.slot_name, :'repair', 'stopping', '' FROM pg_temp.planned_slot AS p
ON CONFLICT (prefix, slot_name) DO UPDATE SET state = 'stopping';
\endif
-- its workers end before it lets go: a synchronization worker still holds its own slot for a moment
SELECT format('ALTER SUBSCRIPTION %I DISABLE', s.subname)
FROM pg_temp.repaired_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name AND s.subenabled
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database() ORDER BY p.number \gexec
\set workers repaired_slot
\ir workers_end.sql
SELECT format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s.subname), format('DROP SUBSCRIPTION %I', s.subname)
FROM pg_temp.repaired_slot AS p JOIN pg_subscription AS s ON s.subname = p.subscription_name
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database() ORDER BY p.number \gexec
\ir out.sql
\o :out
COPY (SELECT sync_slots FROM pgslotplan.repair WHERE prefix = :'prefix' AND repair = :'repair' AND sync_slots <> '') TO STDOUT;
\o
