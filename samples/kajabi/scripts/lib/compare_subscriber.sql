-- Compares what the publisher's half has read with the subscriber's tables. Variables task, slot, mode, out as there.
\ir subscriber.sql
SELECT set_config('pgslotplan.slot', :'slot', false) AS slot, set_config('pgslotplan.mode', :'mode', false) AS mode \gset
\ir compare.sql
\ir compare_subscriber_functions.sql
\ir compare_run.sql
