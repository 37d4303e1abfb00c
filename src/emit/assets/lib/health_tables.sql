-- How far each subscribed table is: one JSON object a row.
-- Versions: 12 to 18. Privileges: up to 13 the oids of subscriptions are for superusers only. Locks: none.
COPY (
SELECT json_build_object('table', json_build_object('subscription', s.subname, 'schema', n.nspname, 'table', c.relname, 'state', r.srsubstate))
FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
JOIN pg_class AS c ON c.oid = r.srrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
) TO STDOUT;
