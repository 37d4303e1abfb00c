-- Closes the database for writes; nothing may be prepared, and nobody else may be connected. :terminate = yes ends other
-- sessions, otherwise they are listed.
\ir allowed.sql
\if :{?terminate}
\else
\set terminate no
\endif
SELECT :'terminate' = 'yes' AS ends_others \gset
SELECT pg_temp.refuse(array_agg(format('prepared transaction %s of %s', gid, owner) ORDER BY gid), 'prepared transactions are open',
  'Commit or roll them back first.') AS refused
FROM pg_prepared_xacts WHERE database = current_database() \gset
-- looked at before anything is changed: a session that begins while the database is read-only stays so for its life
\if :ends_others
\else
\ir settle.sql
\ir no_sessions.sql
\endif
\ir close_writes.sql
\if :ends_others
DO $pgslotplan$
DECLARE
  deadline timestamptz := clock_timestamp() + interval '5 s';
BEGIN
  -- each look is a snapshot of its own
  PERFORM pg_terminate_backend(pid) FROM pg_temp.other_sessions();
  WHILE EXISTS (SELECT FROM pg_temp.other_sessions()) AND clock_timestamp() < deadline LOOP
    PERFORM pg_sleep(0.02);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END
$pgslotplan$;
\endif
\ir settle.sql
\ir no_sessions.sql
