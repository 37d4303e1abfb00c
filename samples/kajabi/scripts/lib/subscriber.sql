-- Begins a session on the subscriber: settings, refusal of any other server, the plan as temporary tables. Once a session.
\if :{?begun_on}
\else
\set session_side subscriber
\ir session.sql
\set roots_take_not_valid :subscriber_roots_take_not_valid
\ir load.sql
SELECT set_config('pgslotplan.is_physical', :'is_physical', false) AS physical \gset
DO $pgslotplan$ DECLARE
  wanted_identifier text := current_setting('pgslotplan.system_identifier'); is_clone boolean := current_setting('pgslotplan.is_physical') = 'on' AND pg_temp.remembers('bootstrap');
BEGIN
  IF NOT is_clone AND wanted_identifier <> '' AND has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
     AND (SELECT system_identifier::text FROM pg_control_system()) = wanted_identifier THEN
    RAISE EXCEPTION USING MESSAGE = 'this is the publisher of the plan: its system identifier is the planned one', HINT = 'This file is for the subscriber.';
  END IF;
  IF EXISTS (SELECT FROM pg_temp.planned_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
               AND s.plugin = 'pgoutput' AND s.database = current_database())
     OR EXISTS (SELECT FROM pg_temp.planned_publication AS p JOIN pg_publication AS b ON b.pubname = p.publication_name) THEN
    RAISE EXCEPTION USING MESSAGE = 'this is the publisher of the plan: it holds planned slots or publications', HINT = 'This file is for the subscriber.';
  END IF;
END $pgslotplan$;
\set begun_on subscriber
\endif
