-- Drops the schema for what must be remembered when nothing is left in it.
SELECT EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = 'pgslotplan' AND pg_temp.foreign_state() IS NULL
    AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid) AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid)) AS state_is_empty \gset
\if :state_is_empty
DROP SCHEMA pgslotplan;
\endif
