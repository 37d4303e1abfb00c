-- How many rows of each permanent ordinary table were changed since its statistics began: one JSON object a row; none for a table
-- that nobody ever wrote to.
-- Versions: 12 to 18. Privileges: none beyond CONNECT. Locks: none (no relation is opened).
COPY (
SELECT json_build_object('changes', json_build_object('schema', n.nspname, 'table', c.relname, 'rows', json_build_object(
    'inserted', t.inserted, 'updated', t.updated, 'hot_updated', pg_stat_get_tuples_hot_updated(c.oid), 'deleted', t.deleted)))
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid)) AS t(inserted, updated, deleted)
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.oid >= 16384 AND t.inserted + t.updated + t.deleted > 0
) TO STDOUT;
