-- 30_publisher_publications.sql: Creates one publication for each slot, and compares those that exist with the plan.
-- Phase prepare. Run: sh run.sh publications, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 30_publisher_publications.sql
-- Undo: 91_shell_publisher_cleanup.sh drops them.
\ir lib/publisher.sql
\set identities_are_set on
\ir lib/publisher_tables.sql
\ir plan/publications.sql
\ir lib/publications_exact.sql
