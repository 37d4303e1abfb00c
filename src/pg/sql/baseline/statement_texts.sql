-- Texts of the statements of the database. :function is the function of pg_stat_statements, whose code was
-- looked at; :toplevel its column of that name, or true. One row a statement.
-- Versions: 12 to 18. Privileges: pg_read_all_stats shows statements of others. Locks: none.
SELECT /* pgslotplan baseline */ f.userid AS role, f.queryid AS query, :toplevel AS toplevel, left(f.query, 20001) AS text
  FROM :function(true) AS f
 WHERE f.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND f.queryid IS NOT NULL
