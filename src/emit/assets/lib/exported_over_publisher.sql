-- Takes away what an earlier load left on the publisher: its slots.
\ir publisher.sql
\ir end_loads.sql
\ir planned_slots_drop.sql
