-- Writes into :out what is missing in the publications, and tables that the plan does not know.
\ir publisher.sql
\ir publication_differences.sql
\ir unplanned.sql
\ir out.sql
\o :out
COPY (SELECT 'publisher', regexp_replace(line, '[[:cntrl:]]', '?', 'g'), NULL::text, NULL::text
      FROM unnest(:'differences'::text[] || :'unplanned'::text[]) AS line ORDER BY 2) TO STDOUT (FORMAT csv);
\o
