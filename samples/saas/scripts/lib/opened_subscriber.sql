-- Writes t into :out when the application was let onto the new server. Parts of a killed cutover are ended first.
\ir subscriber.sql
\ir end_parts.sql
SELECT pg_temp.has_state('opened') AS has_opened \gset
\ir out.sql
\o :out
\if :has_opened
COPY (SELECT EXISTS (SELECT FROM pgslotplan.opened WHERE prefix = :'prefix')) TO STDOUT;
\endif
\o
