-- Drops the slots of the way back.
\set slots planned_mirror
SELECT format('Drop its subscription on the old server first: %s or %s.', :'step_publisher_cleanup', :'step_abort') AS slots_hint \gset
\ir slots_drop.sql
\ir slots_stay_dropped.sql
