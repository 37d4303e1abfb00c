-- Scans of each index. One row an index.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT /* pgslotplan baseline */ indexrelid AS oid, coalesce(idx_scan, 0)::float8 AS scans FROM pg_stat_user_indexes
