-- The other databases of this server in which rows change within a second and a half, in one line.
\ir publisher.sql
SELECT json_object_agg(datid, tup_inserted + tup_updated + tup_deleted) AS before FROM pg_stat_database WHERE datid <> 0 \gset
SELECT count(pg_sleep(1.5)) AS waited, count(pg_stat_clear_snapshot()) AS cleared \gset
SELECT coalesce(string_agg(quote_ident(datname), ', ' ORDER BY datname), 'none that shows itself within a second') FROM pg_stat_database
WHERE datid <> 0 AND datname <> current_database() AND tup_inserted + tup_updated + tup_deleted > (:'before'::json ->> datid::text)::bigint;
