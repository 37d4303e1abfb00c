-- Refuses while a planned table is not ready: what its subscription has not copied is not there.
\ir tables_not_ready.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'tables are not ready', :'step_ready' || ' waits for them.') AS refused FROM pg_temp.tables_not_ready() AS line \gset
