-- Notes that every slot has passed what was written before the write stop: from standard input, by drain_publisher.sql.
\ir subscriber.sql
\ir require_mark.sql
\ir all_ready.sql
CREATE TEMP TABLE drained_there (stopped_at text, fence pg_lsn);
\copy pg_temp.drained_there FROM pstdin (DELIMITER ' ')
BEGIN;
\ir drained_table.sql
INSERT INTO pgslotplan.drained (prefix, stopped_at, fence) SELECT :'prefix', stopped_at, fence FROM pg_temp.drained_there
ON CONFLICT (prefix) DO UPDATE SET stopped_at = excluded.stopped_at, fence = excluded.fence;
COMMIT;
SELECT pg_temp.refuse(CASE WHEN NOT EXISTS (SELECT FROM pg_temp.drained_there) THEN ARRAY['the publisher noted nothing'] END, 'reason why nothing is drained', 'Run this again.') AS refused \gset
