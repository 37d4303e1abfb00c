-- Waits until every slot has passed what was written before the write stop, and notes it; what both servers note goes into :out.
\ir publisher.sql
\ir require_closed.sql
\set slots planned_slot
\ir wait_for_slots.sql
BEGIN;
\ir drained_table.sql
INSERT INTO pgslotplan.drained (prefix, stopped_at, fence) SELECT :'prefix', extract(epoch FROM min(stopped_at))::text, :'fence' FROM pgslotplan.stopped_writes WHERE prefix = :'prefix'
ON CONFLICT (prefix) DO UPDATE SET stopped_at = excluded.stopped_at, fence = excluded.fence;
COMMIT;
\ir out.sql
\o :out
COPY (SELECT stopped_at, fence FROM pgslotplan.drained WHERE prefix = :'prefix') TO STDOUT (DELIMITER ' ');
\o
