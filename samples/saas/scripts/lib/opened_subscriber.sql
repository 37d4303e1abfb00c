-- Writes t into :out when the application was let onto the new server, f when it was not, none when the plan left no trace here: not begun,
-- or cleaned up. Parts of a killed cutover are ended first.
\ir subscriber.sql
\ir end_parts.sql
\ir opened.sql
\ir out.sql
\o :out
COPY (SELECT CASE WHEN :'is_open'::boolean THEN 't' WHEN pg_temp.remembers('plan', true) THEN 'f' ELSE 'none' END) TO STDOUT;
\o
