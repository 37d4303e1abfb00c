-- What test_decoding adds to the values of a row, and how many columns it has: by it the length of its text becomes the
-- length of a message of pgoutput. One row a table. $1 tables (oid).
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none. Cost: about 10 us a column.
-- Each column reads ` name[type]:value`; text in quotes, bits as B'…', true for t.
SELECT a.attrelid AS oid, count(*) AS columns,
       sum(f.frame)::int8 AS frame,
       count(*) FILTER (WHERE k.is_key) AS key_columns,
       coalesce(sum(f.frame) FILTER (WHERE k.is_key), 0)::int8 AS key_frame,
       c.relreplident = 'f' AS is_full
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
 CROSS JOIN LATERAL (
    SELECT 4 + pg_catalog.octet_length(pg_catalog.quote_ident(a.attname))
             + pg_catalog.octet_length(pg_catalog.format_type(a.atttypid, NULL))
             + CASE WHEN a.atttypid IN (20, 21, 23, 26, 700, 701, 1700) THEN 0 -- numbers stand bare
                    WHEN a.atttypid IN (16, 1560, 1562) THEN 3 ELSE 2 END AS frame) f
 CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM pg_catalog.pg_index i
                    WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
                      AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident
                               ELSE false END) AS is_key) k
 WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ANY ($1)
 GROUP BY a.attrelid, c.relreplident
