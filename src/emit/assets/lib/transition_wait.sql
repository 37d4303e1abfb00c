-- Waits until the slot that gives tables of :batch away has passed all that is written now.
\ir publisher.sql
\ir transition.sql
CREATE TEMP TABLE transition_giver AS
SELECT DISTINCT from_slot AS slot_name FROM pg_temp.transition_batch WHERE batch = :batch AND from_slot IS NOT NULL;
\set slots transition_giver
\ir wait_for_slots.sql
