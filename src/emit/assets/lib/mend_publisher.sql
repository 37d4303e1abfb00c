-- The publisher's half of copying rows again that a comparison named.
--   task            named or hold_values
--   slot, out, wait_seconds    as in compare_publisher.sql
\ir publisher.sql
SELECT set_config('pgslotplan.slot', :'slot', false) AS slot, set_config('pgslotplan.mode', 'live', false) AS mode,
       set_config('pgslotplan.chunk_rows', '20000', false) AS chunk_rows, set_config('pgslotplan.uncompared', '', false) AS uncompared \gset
\ir before_cutover_publisher.sql
SELECT :'task' = 'hold_values' AS holds \gset
\if :holds
BEGIN;
\endif
\ir compare.sql
\ir compare_publisher_functions.sql
\ir mend_publisher_functions.sql
\ir compare_run.sql
\if :holds
\set held `: > "$hold/held"; n=0; while [ ! -e "$hold/release" ] && [ "$n" -lt 400 ]; do n=$((n + 1)); sleep 0.05; done`
ROLLBACK;
\endif
