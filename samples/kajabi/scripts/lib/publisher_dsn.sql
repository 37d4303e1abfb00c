-- :publisher_dsn as it was given to psql, else from the environment: an argument would stand in the process list.
\if :{?publisher_dsn} \else
\set is_there `test -n "${PGSLOTPLAN_PUBLISHER_FROM_SUBSCRIBER:-$PGSLOTPLAN_PUBLISHER}" && echo on || echo off`
\if :is_there \set publisher_dsn `printf '%s' "${PGSLOTPLAN_PUBLISHER_FROM_SUBSCRIBER:-$PGSLOTPLAN_PUBLISHER}"` \else \set missing publisher_dsn \ir missing.sql \endif
\endif
