-- Triggers that fire, whether they do for replicated rows, and whether their function sets a search_path. One row a trigger.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none.
SELECT n.nspname::text AS schema, c.relname::text AS name, t.tgname::text AS trigger, t.tgenabled = 'A' AS is_always, t.tgenabled <> 'O' AS is_replicated,
       EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) AS o (setting) WHERE o.setting LIKE 'search\_path=%') AS sets_search_path
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
 WHERE t.tgenabled <> 'D' AND NOT t.tgisinternal
 ORDER BY 1, 2, 3
