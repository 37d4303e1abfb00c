-- Removes the mark of this plan, and the table with its last row.
SELECT pg_temp.has_state('plan') AS is_marked \gset
\if :is_marked
DELETE FROM pgslotplan.plan WHERE prefix = :'prefix' AND plan_sha256 = :'plan_sha256';
SELECT NOT EXISTS (SELECT FROM pgslotplan.plan) AS none_left \gset
\if :none_left
DROP TABLE pgslotplan.plan;
\endif
\endif
\set table verified
\ir forget.sql
