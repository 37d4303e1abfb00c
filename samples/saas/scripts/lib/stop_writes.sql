-- Closes the database for writes; nothing may be prepared, and nobody else may be connected. :terminate = yes ends other
-- sessions, otherwise they are listed.
\ir allowed.sql
\if :{?terminate} \else \set terminate no \endif
SELECT :'terminate' = 'yes' AS ends_others \gset
SELECT pg_temp.refuse(array_agg(format('prepared transaction %s of %s', gid, owner) ORDER BY gid), 'prepared transactions are open',
  'Commit or roll them back first.') AS refused
FROM pg_prepared_xacts WHERE database = current_database() \gset
-- looked at before anything is changed: a session that begins while the database is read-only stays so for its life
\if :ends_others \else \ir no_sessions.sql \endif
\ir close_writes.sql
-- event triggers would write for statements of ours that follow
SELECT EXISTS (SELECT FROM pg_event_trigger WHERE evtenabled <> 'D' AND evtname NOT IN (:'freeze', :'freeze_drop')) AS events_fire \gset
\if :events_fire
\set holds events
\set applies_as_owner on
\ir hold.sql
\endif
\if :ends_others
SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_temp.other_sessions() \gset
\set settle_seconds 5
\ir settle.sql
\endif
\ir no_sessions.sql
