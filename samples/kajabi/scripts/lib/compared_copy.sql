-- One word that tells this copy of the planned tables from an earlier or a later one.
\ir subscriber.sql
SELECT md5(string_agg(concat_ws(':', r.subscription_name, s.ids, c.oid, c.relfilenode, t.srsublsn), ' ' ORDER BY r.slot_number, c.oid))
FROM pg_temp.planned_relation AS r
LEFT JOIN (SELECT subname, string_agg(DISTINCT subid::text, ',') AS ids FROM pg_stat_subscription GROUP BY subname) AS s ON s.subname = r.subscription_name
LEFT JOIN (pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace) ON n.nspname = r.schema_name AND c.relname = r.table_name
LEFT JOIN pg_subscription_rel AS t ON t.srrelid = c.oid;
