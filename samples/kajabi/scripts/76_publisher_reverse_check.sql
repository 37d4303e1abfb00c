-- 76_publisher_reverse_check.sql: Checks that the publisher can receive. Changes nothing.
-- Phase cutover. Run: sh run.sh reverse_check, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f 76_publisher_reverse_check.sql
\ir lib/publisher.sql
\ir lib/read_only.sql
\ir lib/reverse_settings_publisher.sql
