-- Statements of the database as pg_stat_statements counts them, columns by their names in every version of the
-- extension, without texts. :function is its function, whose code was looked at. One row a statement.
-- Versions: 12 to 18. Privileges: pg_read_all_stats shows statements of others. Locks: none.
SELECT /* pgslotplan baseline */ f.userid AS role, f.queryid AS query, coalesce((to_jsonb(f) ->> 'toplevel')::bool, true) AS toplevel, f.calls::float8 AS calls,
       coalesce(to_jsonb(f) ->> 'total_exec_time', to_jsonb(f) ->> 'total_time')::float8 AS total_ms, f.rows::float8 AS rows,
       f.shared_blks_hit::float8 AS blocks_hit, f.shared_blks_read::float8 AS blocks_read,
       f.temp_blks_written::float8 AS temp_blocks,
       coalesce(to_jsonb(f) ->> 'shared_blk_read_time', to_jsonb(f) ->> 'blk_read_time')::float8 AS read_ms
  FROM :function(false) AS f
 WHERE f.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND f.queryid IS NOT NULL
