-- Waits until the old server has confirmed all that was written to the new one.
\ir subscriber.sql
\set slots planned_mirror
\ir wait_for_slots.sql
