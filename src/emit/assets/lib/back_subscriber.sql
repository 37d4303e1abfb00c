-- The new server's part of the rollback's pause in one session: the writes stop, the old server gets everything, and the
-- sequences are read into :out.
\ir subscriber.sql
\ir end_parts.sql
\ir take_part.sql
\ir stop_writes.sql
\set slots planned_mirror
\ir wait_for_slots.sql
\ir out.sql
\ir sequences_read.sql
