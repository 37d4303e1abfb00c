-- Settings of this database and of roles that new sessions get, those that win first. One row a setting. $1 the role that is judged.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT coalesce(r.rolname::text, '') AS role, c.setting
  FROM pg_catalog.pg_db_role_setting s
 CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c (setting)
  LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
 WHERE (s.setdatabase = 0 OR d.datname = pg_catalog.current_database()) AND (s.setrole = 0 OR r.rolname = $1)
 ORDER BY s.setrole = 0, s.setdatabase = 0, 2
