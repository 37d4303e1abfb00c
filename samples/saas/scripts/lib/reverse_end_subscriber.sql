-- And on the new one: its slots keep no WAL any more, and DDL is let through.
\ir subscriber.sql
\ir reverse_slots_drop.sql
\ir thaw.sql
