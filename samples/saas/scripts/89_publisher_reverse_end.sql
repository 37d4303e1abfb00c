-- 89_publisher_reverse_end.sql: Drops the subscriptions of the way back; dropped foreign keys of the old server return, and what rested fires again.
-- Phase cleanup. Run: sh run.sh reverse_end, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 89_publisher_reverse_end.sql
-- Hazard: From here on there is no way back to the old server.
\ir lib/publisher.sql
\ir lib/mirrors_drop.sql
\if :cuts_foreign_keys \ir lib/foreign_keys_return.sql \endif
\ir lib/release.sql
\set table held
\ir lib/forget.sql
