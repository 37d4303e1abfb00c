-- Writes t into :out when the application was let onto the new server. Parts of a killed cutover are ended first.
\ir subscriber.sql
\ir end_parts.sql
\ir opened.sql
\ir out.sql
\o :out
COPY (SELECT :'is_open'::boolean) TO STDOUT;
\o
