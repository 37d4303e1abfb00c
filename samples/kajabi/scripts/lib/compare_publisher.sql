-- Reads digests or rows of the publisher's tables and waits until the slots have passed them.
--   task            digest, rows, again or hold
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
-- knows how many are its own. One that holds rows ends when the file release comes beside its file held, after 20 s at the latest.
SELECT :'mode' = 'final' OR :'task' = 'hold' AS is_whole, :'task' = 'hold' AS holds \gset
\if :{?uncompared} \else \set uncompared '' \endif
SELECT set_config('pgslotplan.uncompared', :'uncompared', false) AS uncompared \gset
\if :is_whole
BEGIN;
\endif
\ir compare.sql
\ir compare_publisher_functions.sql
\ir compare_run.sql
\if :holds
\set held `: > "$hold/held"; n=0; while [ ! -e "$hold/release" ] && [ "$n" -lt 400 ]; do n=$((n + 1)); sleep 0.05; done`
\endif
\if :is_whole
ROLLBACK;
\endif
\ir compare_barrier.sql
