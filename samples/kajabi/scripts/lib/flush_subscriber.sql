-- Flushes the new server's log beside the drain.
\ir subscriber.sql
\set receivers planned_slot
\set receiver_column subscription_name
\ir flush.sql
