-- How far the data is, then the snapshot and its position, if the queue was made. What failed before may be tried again.
\ir exported_look.sql
SELECT pg_temp.has_state('snapshot') AS has_snapshot \gset
\if :has_snapshot
SELECT concat_ws(' ', snapshot, position) FROM pgslotplan.snapshot WHERE prefix = :'prefix' AND plan_sha256 = :'plan_sha256';
UPDATE pgslotplan.piece SET attempts = 0 WHERE prefix = :'prefix' AND done IS NULL AND attempts > 0;
\endif
