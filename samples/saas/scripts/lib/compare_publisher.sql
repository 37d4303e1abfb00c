-- Reads digests or rows of the publisher's tables and waits until the slots have passed them.
--   task            digest, rows or again
--   slot            the slot whose tables are compared; empty: all
--   mode            live, at_rest or final
--   out             the file to write; also with .next, .found and .status after it
--   chunk_rows      rows read by one digest
--   batch_seconds   how long one run reads before it says where to go on
--   wait_seconds    how long the slots may take to pass what was read
\ir publisher.sql
SELECT set_config('pgslotplan.slot', :'slot', false) AS slot, set_config('pgslotplan.mode', :'mode', false) AS mode,
       set_config('pgslotplan.chunk_rows', :'chunk_rows', false) AS chunk_rows,
       set_config('pgslotplan.batch_seconds', :'batch_seconds', false) AS batch_seconds,
       set_config('pgslotplan.wait_seconds', :'wait_seconds', false) AS wait_seconds \gset
-- In the pause it is one transaction that leaves no temporary objects behind, whose removal would be another: so the cutover
-- knows how many are its own.
SELECT :'mode' = 'final' AS is_final \gset
\if :is_final
BEGIN;
\endif
\ir compare.sql
\ir compare_publisher_functions.sql
\ir compare_run.sql
\if :is_final
ROLLBACK;
\endif
\ir compare_barrier.sql
