-- 40_subscriber_foreign_keys_drop.sql: Drops the foreign keys that join two slots, and remembers them in pgslotplan.dropped_foreign_key.
-- Phase prepare. Run: sh run.sh foreign_keys_drop, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 40_subscriber_foreign_keys_drop.sql
-- Hazard: Until they are restored the subscriber accepts rows that break these foreign keys.
-- Undo: 80_subscriber_stop.sql, then 81_subscriber_foreign_keys_restore.sql and 88_subscriber_foreign_keys_validate.sql.
\ir lib/subscriber.sql
\ir lib/not_opened.sql
\ir lib/mark.sql
\ir lib/foreign_keys_drop.sql
