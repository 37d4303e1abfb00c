-- 76_subscriber_reverse_prepare.sql: Creates the publications of the way back; no slot yet.
-- Phase cutover. Run: sh run.sh reverse_prepare, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f 76_subscriber_reverse_prepare.sql
-- Undo: 90_shell_subscriber_cleanup.sh drops them.
\ir lib/subscriber.sql
\ir lib/require_mark.sql
\ir lib/reverse_settings_subscriber.sql
\ir lib/reverse_publications.sql
