-- What is noted of the drain.
\ir subscriber.sql
\ir drained.sql
\if :is_drained
SELECT concat_ws(' ', d.stopped_at, d.fence) FROM pgslotplan.drained AS d WHERE d.prefix = :'prefix';
\endif
