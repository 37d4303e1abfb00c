-- Waits until every slot of the two plans but those in :held, which stand still, has passed all that is written now.
\ir publisher.sql
\ir transition.sql
CREATE TEMP TABLE transition_giver AS
SELECT s.slot_name FROM (SELECT slot_name FROM pg_temp.planned_slot UNION SELECT slot_name FROM pg_temp.running_slot) AS s
JOIN pg_replication_slots AS r USING (slot_name) WHERE s.slot_name <> ALL (string_to_array(:'held', ',')::name[]);
\set slots transition_giver
\ir wait_for_slots.sql
