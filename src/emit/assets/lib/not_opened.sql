-- Refuses a server that the cutover has opened: the application works there.
\ir opened.sql
SELECT pg_temp.refuse(CASE WHEN :'is_open'::boolean THEN ARRAY['the cutover has opened it for the application'] END, 'reason against it: this server is the new one now',
  'What is missing here comes by rollback.sh or by hand.') AS refused \gset
