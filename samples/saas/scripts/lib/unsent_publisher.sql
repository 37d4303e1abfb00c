-- Refuses when somebody wrote to this database after what the slots have confirmed: rows that they would still send, a transaction that
-- runs, one that is prepared. The subscriptions are stopped. Writes to other databases of the server do not count; the server's
-- transaction counter counts them too.
\ir publisher.sql
\ir take_part.sql
SELECT set_config('statement_timeout', :'peek_seconds' || 's', false) AS limited \gset
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + interval '5 s'; slot record; rows bigint := 0; lines text[];
BEGIN
  -- a walsender whose worker ended needs a moment to see it
  WHILE EXISTS (SELECT FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name AND s.active) AND clock_timestamp() < deadline LOOP
    PERFORM pg_sleep(0.005);
  END LOOP;
  SELECT coalesce(array_agg(line ORDER BY line), '{}') INTO lines FROM (
    SELECT format('prepared transaction %s of %s', gid, owner) FROM pg_prepared_xacts WHERE database = current_database()
    UNION ALL
    SELECT format('an open transaction of %s of role %s', application_name, usename) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL AND backend_type !~ '^(autovacuum|logical replication)'
  ) AS found(line);
  -- what every publication would send, looked for once: by the slot that has confirmed least
  SELECT s.slot_name, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.restart_lsn) AS bytes,
         (SELECT string_agg(quote_ident(publication_name), ',') FROM pg_temp.planned_publication) AS publications INTO STRICT slot
  FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name ORDER BY s.confirmed_flush_lsn LIMIT 1;
  BEGIN
    -- insert, update, delete, truncate; what begins and ends an empty transaction comes too
    SELECT count(*) INTO rows FROM pg_logical_slot_peek_binary_changes(slot.slot_name, NULL, NULL, 'proto_version', '1', 'publication_names', slot.publications) AS c
    WHERE get_byte(c.data, 0) IN (73, 85, 68, 84);
  EXCEPTION WHEN query_canceled THEN
    RAISE EXCEPTION USING MESSAGE = format('slot %I could not be looked into in time: it decodes %s of WAL', slot.slot_name, pg_size_pretty(slot.bytes)),
      DETAIL = 'That is what the server wrote since the slot last moved, in every database.', HINT = 'PEEK_SECONDS in cutover.conf gives it longer, and the pause too; or abort.sh, and try again.';
  END;
  IF rows > 0 THEN
    lines := lines || format('%s changes that slot %s has not sent', rows, slot.slot_name);
  END IF;
  PERFORM pg_temp.refuse(lines, 'signs that this database is still written to', 'Find who writes: a role of ALLOWED_ROLES, a job of the server, or a client that went around the pause.');
END $pgslotplan$;
