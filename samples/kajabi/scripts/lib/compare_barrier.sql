-- Everything that was read is applied: each slot of these tables must confirm what is in the log now.
SELECT :'mode' = 'live' AND :'task' <> 'hold' AS is_live \gset
\if :is_live
CREATE TEMP TABLE barrier AS SELECT DISTINCT unnest(p.slots) AS slot_name FROM pg_temp.compared_table AS p WHERE p.slots[1] = :'slot';
\set slots barrier
\ir wait_for_slots.sql
\endif
