-- Flushes the old server's log beside the drain of the way back.
\ir publisher.sql
\set receivers planned_mirror
\set receiver_column slot_name
\ir flush.sql
