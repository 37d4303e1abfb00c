-- Says locked, or busy where another session of this prefix is; the lock ends with the session, which goes on as long as its input does.
\ir snapshot_session.sql
SELECT pg_try_advisory_lock(hashtextextended('pgslotplan snapshot ' || :'prefix', 0)) AS is_locked \gset
\if :is_locked
\! echo locked
\else
\! echo busy
\endif
