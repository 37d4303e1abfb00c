-- Publications of this database. One row a publication.
-- Versions: 12 to 18; to_jsonb gives the columns that only newer ones have. Privileges: none. Locks: none.
SELECT p.oid, p.pubname::text AS name, p.puballtables AS all_tables, p.pubinsert AS inserts, p.pubupdate AS updates,
       p.pubdelete AS deletes, p.pubtruncate AS truncates,
       coalesce((pg_catalog.to_jsonb(p) ->> 'pubviaroot')::bool, false) AS via_root
  FROM pg_catalog.pg_publication p
 ORDER BY p.pubname
