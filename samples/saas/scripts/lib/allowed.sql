-- The roles whose sessions may stay: psql variable allowed, separated by commas; none when not given.
\if :{?allowed} \else \set allowed '' \endif
SELECT set_config('pgslotplan.allowed', :'allowed', false) AS allowed_roles \gset
CREATE OR REPLACE FUNCTION pg_temp.other_sessions() RETURNS TABLE (pid integer, line text) LANGUAGE sql AS $pgslotplan$
  SELECT a.pid, format('%s of role %s from %s:%s, %s since %s', a.application_name, a.usename, coalesce(host(a.client_addr), 'socket'),
                       a.client_port, coalesce(a.state, '?'), to_char(a.backend_start AT TIME ZONE 'UTC', 'HH24:MI:SS'))
  FROM pg_stat_activity AS a
  WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
    AND a.application_name <> 'pgslotplan'
    AND a.usename <> ALL (string_to_array(replace(current_setting('pgslotplan.allowed'), ' ', ''), ','))
$pgslotplan$;
