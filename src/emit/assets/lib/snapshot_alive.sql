-- An error when the snapshot :snapshot is gone, or a slot of :slots, whose names are separated by blanks.
\ir snapshot_session.sql
SELECT set_config('pgslotplan.slots', :'slots', false) AS slots \gset
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET TRANSACTION SNAPSHOT :'snapshot';
DO $pgslotplan$ DECLARE
  gone text;
BEGIN
  SELECT string_agg(w.name, ', ') INTO gone FROM unnest(string_to_array(current_setting('pgslotplan.slots'), ' ')) AS w(name)
  WHERE NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = w.name AND coalesce(to_jsonb(s) ->> 'wal_status', '') <> 'lost');
  IF gone IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = 'replication slots are lost or gone: ' || gone;
  END IF;
END $pgslotplan$;
