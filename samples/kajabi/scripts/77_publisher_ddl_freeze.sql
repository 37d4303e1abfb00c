-- 77_publisher_ddl_freeze.sql: Refuses DDL on the publisher.
-- Phase cutover. Run: sh run.sh ddl_freeze, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 77_publisher_ddl_freeze.sql
-- Hazard: From now on CREATE, ALTER and DROP fail in the application too, except of temporary objects. Needs a superuser, or what the provider has for event triggers.
-- Undo: thaw_publisher.sql, or the clean-up.
\ir lib/publisher.sql
\ir lib/freeze.sql
