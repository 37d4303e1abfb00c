-- The database's subscriptions and whether their leading workers run: one JSON object a row. Names are enough, since the workers are
-- those of this database: up to 13 the oids of subscriptions are for superusers only.
-- Versions: 12 to 18. Privileges: pg_read_all_stats shows workers of others. Locks: none.
COPY (
SELECT json_build_object('subscription', s.subname, 'enabled', s.subenabled, 'runs', EXISTS (
    SELECT FROM pg_stat_subscription AS w JOIN pg_stat_activity AS a ON a.pid = w.pid
    WHERE w.subname = s.subname AND w.relid IS NULL AND a.datid = s.subdbid))
FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
) TO STDOUT;
