-- The roles whose sessions may stay: psql variable allowed, separated by commas; none when not given.
--
-- Sessions of ours hold the lock that session.sql takes, as the role of this session: a name can be anybody's. A walsender that
-- serves no slot may be a session that writes, too.
\if :{?allowed} \else \set allowed '' \endif
SELECT set_config('pgslotplan.allowed', :'allowed', false) AS allowed_roles \gset
CREATE OR REPLACE FUNCTION pg_temp.other_sessions() RETURNS TABLE (pid integer, line text) LANGUAGE sql AS $pgslotplan$
  SELECT a.pid, format('%s of role %s from %s:%s, %s since %s', a.application_name, a.usename, coalesce(host(a.client_addr), 'socket'),
                       a.client_port, coalesce(a.state, '?'), to_char(a.backend_start AT TIME ZONE 'UTC', 'HH24:MI:SS'))
  FROM pg_stat_activity AS a
  WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
    AND (a.backend_type = 'client backend'
         OR a.backend_type = 'walsender' AND NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.active_pid = a.pid))
    AND a.usename <> ALL (string_to_array(replace(current_setting('pgslotplan.allowed'), ' ', ''), ','))
    AND NOT (a.usesysid = (SELECT m.usesysid FROM pg_stat_activity AS m WHERE m.pid = pg_backend_pid())
             AND EXISTS (SELECT FROM pg_locks AS l WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted
               AND l.database = a.datid AND l.classid::bigint = hashtext('pgslotplan')::bigint & 4294967295 AND l.objid::bigint = 0))
$pgslotplan$;
