-- Takes the snapshot :snapshot over from the session that exported it, says under which name it is known from here on, and holds it as
-- long as the first slot is there. The server's process needs no client for that: a connection that is cut, or a script that is killed,
-- takes nothing away. Whoever wants it to end ends this session (pg_terminate_backend), or drops the slots.
\ir snapshot_session.sql
SELECT set_config('pgslotplan.first_slot', :'first_slot', false) AS first_slot \gset
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET TRANSACTION SNAPSHOT :'snapshot';
SELECT pg_export_snapshot() AS held \gset
\ir out.sql
\o :out
\qecho :held
\o
DO $pgslotplan$ BEGIN
  WHILE EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = current_setting('pgslotplan.first_slot')) LOOP
    BEGIN
      PERFORM pg_sleep(1);
    EXCEPTION WHEN query_canceled THEN
      NULL; -- Ctrl-C in the terminal of the step that began it
    END;
  END LOOP;
END $pgslotplan$;
