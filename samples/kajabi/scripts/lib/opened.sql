-- Whether the cutover has let the application onto this server: :is_open.
SELECT pg_temp.has_state('opened') AS is_open \gset
\if :is_open
SELECT EXISTS (SELECT FROM pgslotplan.opened WHERE prefix = :'prefix') AS is_open \gset
\endif
