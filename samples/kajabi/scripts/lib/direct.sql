-- Refuses a pooler in transaction or statement mode before anything is set: it would leave our settings to sessions of the application.
-- Every look must meet the same backend, and nothing of one connection may be left in the next one. Not once more in the pause.
\if :{?direct} \else \set direct '' \endif
SELECT :'direct' OPERATOR(pg_catalog.=) 'on' AS is_direct \gset
\if :is_direct \else
SELECT pg_catalog.pg_backend_pid() AS pid_1, pg_catalog.concat(pg_catalog.pg_backend_pid(), pg_catalog.clock_timestamp()) AS probe \gset
SELECT pg_catalog.pg_backend_pid() AS pid_2, pg_catalog.set_config('pgslotplan.probe', :'probe', false) AS probe \gset
SELECT pg_catalog.pg_backend_pid() AS pid_3, pg_catalog.concat(pg_catalog.current_setting('pgslotplan.probe', true)) AS kept \gset
\connect
SELECT pg_catalog.pg_backend_pid() AS pid_4, pg_catalog.concat(pg_catalog.current_setting('pgslotplan.probe', true)) AS left_over,
       pg_catalog.set_config('pgslotplan.probe', '', false) AS emptied \gset
SELECT pg_catalog.pg_backend_pid() AS pid_5 \gset
SELECT pg_catalog.pg_backend_pid() AS pid_6 \gset
SELECT NOT (:'pid_1' OPERATOR(pg_catalog.=) :'pid_2' AND :'pid_2' OPERATOR(pg_catalog.=) :'pid_3' AND :'kept' OPERATOR(pg_catalog.=) :'probe'
  AND :'left_over' OPERATOR(pg_catalog.<>) :'probe' AND :'pid_4' OPERATOR(pg_catalog.=) :'pid_5' AND :'pid_5' OPERATOR(pg_catalog.=) :'pid_6') AS is_pooled \gset
\if :is_pooled
DO $pgslotplan$ BEGIN
  RAISE EXCEPTION USING MESSAGE = 'a connection pooler in transaction or statement mode answers here',
    HINT = 'Give the server''s own host and port, or a pool with pool_mode=session.';
END $pgslotplan$;
\endif
\endif
