-- Whether the cutover has stopped the subscriptions: :is_stopped, and for functions the setting pgslotplan.is_stopped.
SELECT pg_temp.has_state('plan') AS has_mark \gset
\set is_stopped f
\if :has_mark
SELECT coalesce(bool_or(stopped), false) AS is_stopped FROM pgslotplan.plan WHERE prefix = :'prefix' AND plan_sha256 = :'plan_sha256' \gset
\endif
SELECT set_config('pgslotplan.is_stopped', :'is_stopped', false) AS told \gset
