-- Publications that are missing, tables back into theirs, then slots.
\ir publisher.sql
\ir repaired.sql
\ir before_cutover_publisher.sql
\ir ../plan/publications.sql
\ir ../plan/members_again.sql
\ir publications_exact.sql
\ir repair_slots_known.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'replication slots cannot be used', format('Run %s again: it drops them.', :'step_repair_stop')) AS refused
FROM (
  SELECT format('replication slot %I is lost', s.slot_name) FROM pg_temp.repaired_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
  WHERE to_jsonb(s) ->> 'wal_status' = 'lost' OR to_jsonb(s) ->> 'invalidation_reason' IS NOT NULL
  UNION ALL
  SELECT format('replication slot %I is older than its publication', s.slot_name)
  FROM pg_temp.repaired_slot AS p JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name
  JOIN pg_temp.planned_publication AS b ON b.slot_name = p.slot_name JOIN pg_publication AS o ON o.pubname = b.publication_name
  WHERE NOT s.active AND age(o.xmin) <= age(s.catalog_xmin)
) AS found(line) \gset
SELECT EXISTS (SELECT FROM pg_temp.repaired_slot) AS makes_slots \gset
\if :makes_slots
\set slots repaired_slot
\ir slot_waits.sql
\ir slots.sql
\endif
