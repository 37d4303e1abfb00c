-- 81_subscriber_foreign_keys_restore.sql: Adds the dropped foreign keys again, without checking the rows that are there.
-- Phase cutover. Run: sh run.sh foreign_keys_restore, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 81_subscriber_foreign_keys_restore.sql
-- Hazard: Each ALTER TABLE locks both of its tables for a moment; it gives up after 5 s: run the step again.
-- Undo: 40_subscriber_foreign_keys_drop.sql drops them again.
\ir lib/subscriber.sql
\ir lib/require_mark.sql
\ir lib/require_stopped.sql
\ir lib/foreign_keys_restore.sql
