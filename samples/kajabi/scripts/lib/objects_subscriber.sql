-- Writes into :out which planned tables are not replicated by their subscription now.
\ir subscriber.sql
\ir stopped.sql
\ir tables_not_ready.sql
\ir out.sql
\o :out
COPY (SELECT 'subscriber', regexp_replace(line, '[[:cntrl:]]', '?', 'g'), NULL::text, NULL::text
      FROM pg_temp.tables_not_ready() AS line ORDER BY 2) TO STDOUT (FORMAT csv);
\o
