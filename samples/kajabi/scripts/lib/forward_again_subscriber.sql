-- The subscriber as before the cutover: no slots of the way back, foreign keys dropped, subscriptions enabled.
\ir subscriber.sql
\ir require_mark.sql
\ir end_parts.sql
DO $pgslotplan$ BEGIN
  IF pg_temp.remembers('opened') THEN
    RAISE EXCEPTION USING MESSAGE = 'the new server was opened for writes',
      HINT = 'The subscriptions must not go on: rows would be applied twice. rollback.sh is the way back.';
  END IF;
END $pgslotplan$;
\set table drained
\ir forget.sql
\ir reverse_slots_drop.sql
\ir open_writes.sql
\ir foreign_keys_drop.sql
UPDATE pgslotplan.plan SET stopped = false WHERE prefix = :'prefix' AND stopped;
\ir subscriptions_enable.sql
