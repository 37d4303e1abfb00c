-- Oids of the database's subscriptions, which name their replication origins in the log: one JSON object a row.
-- Versions: 12 to 18. Privileges: up to 13 for superusers only. Locks: none.
COPY (
SELECT json_build_object('oid', json_build_object('subscription', s.subname, 'oid', s.oid::bigint))
FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
) TO STDOUT;
