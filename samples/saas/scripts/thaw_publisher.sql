-- thaw_publisher.sql: Lets DDL through again on the publisher.
-- Phase rollback. Run: sh run.sh thaw, or psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -f thaw_publisher.sql
\ir lib/publisher.sql
\ir lib/thaw.sql
