-- :subscriber_dsn as it was given to psql, else from the environment: an argument would stand in the process list.
\if :{?subscriber_dsn} \else
\set is_there `test -n "${PGSLOTPLAN_SUBSCRIBER_FROM_PUBLISHER:-$PGSLOTPLAN_SUBSCRIBER}" && echo on || echo off`
\if :is_there \set subscriber_dsn `printf '%s' "${PGSLOTPLAN_SUBSCRIBER_FROM_PUBLISHER:-$PGSLOTPLAN_SUBSCRIBER}"` \else \set missing subscriber_dsn \ir missing.sql \endif
\endif
