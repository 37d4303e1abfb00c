-- What is noted of the drain after the write stop that holds now; nothing when there is none.
\ir publisher.sql
\ir drained.sql
\if :is_drained
SELECT concat_ws(' ', d.stopped_at, d.fence) FROM pgslotplan.drained AS d
WHERE d.prefix = :'prefix' AND d.stopped_at = (SELECT extract(epoch FROM min(w.stopped_at))::text FROM pgslotplan.stopped_writes AS w WHERE w.prefix = :'prefix');
\endif
