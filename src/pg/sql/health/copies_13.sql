-- How large the tables are that are being copied now, since these versions do not say how far a copy is: one JSON object a row.
-- Versions: 12 to 13. Privileges: up to 13 the oids of subscriptions are for superusers only. Locks: ACCESS SHARE on those tables.
COPY (
SELECT json_build_object('copy', json_build_object('subscription', s.subname, 'schema', n.nspname, 'table', c.relname, 'bytes', pg_table_size(c.oid)))
FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
JOIN pg_class AS c ON c.oid = r.srrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE r.srsubstate = 'd' AND c.relkind = 'r'
) TO STDOUT;
