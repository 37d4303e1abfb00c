-- Sets the replica identities of the tables that :chosen names (forward, subscriber or back), those of all partitions with
-- their root's, and remembers the old ones. The server spells each ALTER; each is a transaction of its own.
\ir identities_noted.sql
DROP TABLE IF EXISTS pg_temp.identity_usable;
CREATE TEMP TABLE identity_usable AS
SELECT r.*, u.index_name, u.indisreplident
FROM pg_temp.identity_relation AS r
LEFT JOIN LATERAL (
  SELECT c.relname AS index_name, i.indisreplident FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
  WHERE i.indrelid = r.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
    AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_attribute AS a
          WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]) AND a.attnotnull)
      = (SELECT array_agg(wanted ORDER BY wanted) FROM unnest(r.columns) AS wanted)
    AND i.indnkeyatts = cardinality(r.columns)
  ORDER BY i.indisreplident DESC, c.relname LIMIT 1
) AS u ON r.identity = 'i';
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'tables lack the unique index that the plan takes as replica identity',
  'It must be unique, immediate, without predicate or expression, on exactly these columns, all NOT NULL.') AS refused
FROM (
  SELECT format('table %s, columns %s', oid::regclass, columns) FROM pg_temp.identity_usable AS u
  WHERE identity = 'i' AND index_name IS NULL AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = u.oid AND c.relkind = 'p')
) AS found(line) \gset
SELECT format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY %s', nspname, relname,
              CASE identity WHEN 'd' THEN 'DEFAULT' WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                            ELSE format('USING INDEX %I', index_name) END)
FROM pg_temp.identity_usable
WHERE CASE WHEN identity = 'i' THEN relreplident <> 'i' OR indisreplident IS NOT TRUE AND index_name IS NOT NULL ELSE relreplident <> identity END
ORDER BY nspname, relname \gexec
