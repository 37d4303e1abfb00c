-- Drops the planned slots.
\set slots planned_slot
SELECT format('Run %s first.', :'step_subscriber_cleanup') AS slots_hint \gset
\ir slots_drop.sql
\ir slots_stay_dropped.sql
