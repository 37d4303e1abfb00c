-- What kind of entry each constraint, index and trigger of the publisher is for the schema steps: class, oid, kind, bytes.
-- Foreign keys over slots are restored from what was remembered, or made while the tables are empty.
\ir publisher.sql
\ir members.sql
\ir read_only.sql
WITH key AS (
  SELECT i.indexrelid FROM pg_index AS i WHERE i.indisprimary OR i.indisreplident
  UNION SELECT conindid FROM pg_constraint WHERE contype = 'f'
  -- the plan may make a unique index a replica identity
  UNION SELECT i.indexrelid FROM pg_temp.planned_table AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
    JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisunique WHERE p.identity = 'i'
)
SELECT 2606, k.oid, CASE WHEN k.conindid IN (SELECT indexrelid FROM key) THEN 'keys' ELSE 'indexes' END, pg_relation_size(k.conindid)
FROM pg_constraint AS k WHERE k.contype IN ('p', 'u', 'x') AND k.conindid <> 0
UNION ALL
SELECT 1259, i.indexrelid, CASE WHEN i.indexrelid IN (SELECT indexrelid FROM key) THEN 'keys' ELSE 'indexes' END, pg_relation_size(i.indexrelid)
FROM pg_index AS i
UNION ALL
SELECT 2606, k.oid, CASE WHEN NOT EXISTS (SELECT FROM pg_temp.planned_foreign_key AS cut
      JOIN pg_namespace AS n ON n.nspname = cut.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = cut.table_name
      WHERE cut.joins_slots AND c.oid = k.conrelid AND cut.constraint_name = k.conname) THEN 'foreign'
    WHEN :'foreign_key_mode' = 'restore' THEN 'cut' ELSE 'early' END, 0
FROM pg_constraint AS k WHERE k.contype = 'f' AND k.conparentid = 0
UNION ALL
-- checks that stand by themselves in a dump, since something else stands in a circle with them
SELECT 2606, k.oid, 'checks', 0 FROM pg_constraint AS k WHERE k.contype = 'c' AND k.convalidated
UNION ALL
-- what fires for replicated rows, or for our own statements, is made and put to rest in one transaction
SELECT 2620, g.oid, 'firing', 0 FROM pg_trigger AS g WHERE g.tgenabled IN ('A', 'R') AND (NOT g.tgisinternal OR g.tgconstraint = 0) AND g.tgname <> :'truncate_guard'
UNION ALL
-- our own guards stay here
SELECT 3466, e.oid, CASE WHEN e.evtname IN (:'freeze', :'freeze_drop') THEN 'cut' ELSE 'firing' END, 0 FROM pg_event_trigger AS e
UNION ALL
SELECT 2620, g.oid, 'cut', 0 FROM pg_trigger AS g WHERE g.tgname = :'truncate_guard' AND NOT g.tgisinternal;
