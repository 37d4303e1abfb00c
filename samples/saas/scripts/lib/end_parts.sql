-- Ends what a killed script left running: every other session that says that it is a part of the cutover.
DO $pgslotplan$ <<end_parts>> DECLARE
  deadline timestamptz := clock_timestamp() + interval '5 s'; classid bigint := hashtext('pgslotplan')::bigint & 4294967295;
  objid bigint := hashtext(current_setting('pgslotplan.prefix'))::bigint & 4294967295; pids integer[];
BEGIN
  LOOP
    SELECT array_agg(l.pid) INTO pids FROM pg_locks AS l
    WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.classid::bigint = end_parts.classid AND l.objid::bigint = end_parts.objid;
    EXIT WHEN pids IS NULL;
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'another part of the cutover still runs', HINT = 'Wait for its end, then run this again.';
    END IF;
    PERFORM pg_terminate_backend(pid) FROM unnest(pids) AS pid;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $pgslotplan$;
