-- 91_publisher_cleanup.sql: Drops the plan's slots, publications and guards, and sets changed replica identities back.
-- Phase cleanup. Run: sh run.sh publisher_cleanup, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 91_publisher_cleanup.sql
-- Hazard: The subscriber cannot go on from here: what it has not applied does not come.
\ir lib/publisher.sql
\ir lib/planned_slots_drop.sql
\ir lib/planned_publications_drop.sql
\ir lib/thaw.sql
\ir lib/release.sql
\set table held
\ir lib/forget.sql
\ir lib/still_read_only.sql
\ir lib/drop_empty_state.sql
