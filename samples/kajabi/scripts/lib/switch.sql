-- Takes tables from one publication into another, in one transaction that holds them locked: nobody writes to them at that point, so
-- that the one slot has everything before it and the other everything after it. A publication that gets a table while somebody writes
-- to it sends nothing of it, on many minor releases until its walsender starts again. pg_temp.place() says which.
--
-- Who waits for a lock makes all others wait behind it: so each try is short, and the next one waits until those who hold the tables
-- are gone. :wait_seconds at most.
\if :{?wait_seconds} \else \set wait_seconds 600 \endif
SELECT set_config('pgslotplan.wait_seconds', :'wait_seconds', false) AS wait \gset
SET statement_timeout = 0;
SET client_min_messages = info;
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
  item record; locked_at timestamptz; moved bigint := 0; holders text;
BEGIN
  LOOP
    BEGIN
      SET LOCAL lock_timeout = '100ms';
      locked_at := NULL;
      FOR item IN SELECT * FROM pg_temp.place() WHERE is_there AND (is_from OR NOT is_to) ORDER BY schema_name, table_name LOOP
        -- what leaves alone needs no common point
        IF item.to_publication IS NOT NULL THEN
          EXECUTE format('LOCK TABLE %I.%I IN SHARE ROW EXCLUSIVE MODE', item.schema_name, item.table_name);
        END IF;
        locked_at := coalesce(locked_at, clock_timestamp());
        IF item.from_publication IS NOT NULL AND item.to_publication IS NOT NULL AND NOT item.is_from AND NOT item.is_to THEN
          RAISE EXCEPTION USING MESSAGE = format('table %I.%I is in neither of the publications %I and %I any more', item.schema_name, item.table_name, item.from_publication, item.to_publication),
            HINT = 'It was dropped and made again, or taken out: what was written since is nowhere else. Take it out with one plan and in, with a copy, with the next.';
        END IF;
      END LOOP;
      moved := 0;
      FOR item IN SELECT * FROM pg_temp.place() WHERE is_there AND (is_from OR NOT is_to) ORDER BY schema_name, table_name LOOP
        IF item.is_from THEN
          EXECUTE format('ALTER PUBLICATION %I DROP TABLE %s', item.from_publication, item.member);
        END IF;
        IF NOT item.is_to THEN
          EXECUTE format('ALTER PUBLICATION %I ADD TABLE %s', item.to_publication, item.member);
        END IF;
        moved := moved + 1;
      END LOOP;
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF clock_timestamp() >= deadline THEN
        SELECT string_agg(DISTINCT format('session %s of role %s in a transaction since %s', a.pid, a.usename, to_char(a.xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS')), chr(10)) INTO holders
        FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid JOIN pg_class AS c ON c.oid = l.relation
        JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_temp.place() AS p ON p.schema_name = n.nspname AND p.table_name = c.relname
        WHERE l.granted AND l.mode IN ('RowExclusiveLock', 'ShareLock', 'ShareUpdateExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') AND l.pid <> pg_backend_pid();
        RAISE EXCEPTION USING MESSAGE = 'the tables are never free for a moment', DETAIL = pg_temp.plain(coalesce(holders, 'Nobody holds them just now.')),
          HINT = 'End the long transactions that write to them, or wait longer with TRANSITION_WAIT_SECONDS, and run this again.';
      END IF;
    END;
    PERFORM pg_sleep(0.2);
  END LOOP;
  IF moved > 0 THEN
    RAISE INFO '% tables, locked for % ms', moved, round((extract(epoch FROM clock_timestamp() - locked_at) * 1000)::numeric, 1);
  END IF;
END $pgslotplan$;
