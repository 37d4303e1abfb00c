-- Sets the replica identities of the tables that :chosen names (forward, subscriber or back), those of all partitions with
-- their root's, and remembers the old ones. The server spells each ALTER; each is a transaction of its own.
SELECT set_config('pgslotplan.chosen', :'chosen', false) AS chosen \gset
\ir state.sql
\ir members.sql
DROP TABLE IF EXISTS pg_temp.identity_relation;
CREATE TEMP TABLE identity_relation AS
SELECT DISTINCT n.nspname, l.relname, l.oid, l.relreplident, planned.identity, planned.identity_columns AS columns
FROM pg_temp.planned_table AS planned
JOIN pg_namespace AS root_schema ON root_schema.nspname = planned.schema_name
JOIN pg_class AS root ON root.relnamespace = root_schema.oid AND root.relname = planned.table_name
JOIN LATERAL (SELECT root.oid UNION SELECT relid FROM pg_partition_tree(root.oid)) AS t(oid) ON true
JOIN pg_class AS l ON l.oid = t.oid
JOIN pg_namespace AS n ON n.oid = l.relnamespace
WHERE planned.sets_identity AND CASE :'chosen' WHEN 'forward' THEN true WHEN 'subscriber' THEN planned.identity = 'i' ELSE planned.identity = 'f' END;
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
CREATE TABLE IF NOT EXISTS pgslotplan.changed_identity (
    prefix text NOT NULL, schema_name name NOT NULL, table_name name NOT NULL, identity "char" NOT NULL,
    index_name name, PRIMARY KEY (prefix, schema_name, table_name));
SELECT pg_temp.close_state() AS has_state \gset
INSERT INTO pgslotplan.changed_identity (prefix, schema_name, table_name, identity, index_name)
SELECT :'prefix', r.nspname, r.relname, r.relreplident,
       (SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = r.oid AND i.indisreplident)
FROM pg_temp.identity_relation AS r WHERE r.relreplident <> r.identity OR r.identity = 'i'
ON CONFLICT DO NOTHING;
SELECT format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY %s', nspname, relname,
              CASE identity WHEN 'd' THEN 'DEFAULT' WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                            ELSE format('USING INDEX %I', index_name) END)
FROM pg_temp.identity_usable
WHERE CASE WHEN identity = 'i' THEN relreplident <> 'i' OR indisreplident IS NOT TRUE AND index_name IS NOT NULL ELSE relreplident <> identity END
ORDER BY nspname, relname \gexec
