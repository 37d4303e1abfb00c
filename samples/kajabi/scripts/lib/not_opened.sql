-- Refuses a server that the cutover has opened: the application works there.
SELECT pg_temp.has_state('opened') AS has_opened \gset
\if :has_opened
SELECT pg_temp.refuse(array_agg(format('opened for the application at %s', opened_at)), 'reason against it: this server is the new one now', 'What is missing here comes by rollback.sh or by hand.') AS refused
FROM pgslotplan.opened WHERE prefix = :'prefix' \gset
\endif
