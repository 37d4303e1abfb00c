-- Names of columns and foreign keys with bytes beyond ASCII, as bytes, for a database whose encoding says nothing about them
-- (SQL_ASCII): which are no UTF-8 is told by the reader. One row a name.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: one pass over pg_attribute; run in such databases only.
SELECT n.oid, n.name
  FROM (SELECT a.attrelid AS oid, pg_catalog.textsend(a.attname::text) AS name
          FROM pg_catalog.pg_attribute a
         WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid >= 16384
         UNION ALL
        SELECT k.conrelid, pg_catalog.textsend(k.conname::text)
          FROM pg_catalog.pg_constraint k
         WHERE k.contype = 'f') n
 WHERE pg_catalog.encode(n.name, 'hex') ~ '^(..)*[89a-f]'
