-- Row counters of every permanent ordinary table and of its TOAST relation. One row a table, none left out for being
-- zero: a table that vanishes from the answer was dropped.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none (no relation is opened).
-- Cost: see docs/measurements.md; the functions are read once each, without the views' joins.
SELECT c.oid,
       pg_catalog.pg_stat_get_tuples_inserted(c.oid) AS inserted,
       pg_catalog.pg_stat_get_tuples_updated(c.oid) AS updated,
       pg_catalog.pg_stat_get_tuples_hot_updated(c.oid) AS hot_updated,
       pg_catalog.pg_stat_get_tuples_deleted(c.oid) AS deleted,
       CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_catalog.pg_stat_get_tuples_inserted(c.reltoastrelid) END AS chunks_inserted,
       CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_catalog.pg_stat_get_tuples_deleted(c.reltoastrelid) END AS chunks_deleted
  FROM pg_catalog.pg_class c
 WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.oid >= 16384
