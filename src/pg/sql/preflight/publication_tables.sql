-- Members of the given publications; from 19 on what FOR ALL TABLES leaves out stands there too. One row a member. $1 publications (oid).
-- Versions: 12 to 18; to_jsonb gives the columns that only newer ones have. Privileges: none. Locks: none.
SELECT r.prpubid AS publication, n.nspname::text AS schema, c.relname::text AS name,
       pg_catalog.to_jsonb(r) ->> 'prqual' IS NOT NULL AS filtered,
       pg_catalog.to_jsonb(r) ->> 'prattrs' IS NOT NULL AS listed
  FROM pg_catalog.pg_publication_rel r
  JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE r.prpubid = ANY ($1) AND coalesce(pg_catalog.to_jsonb(r) ->> 'prexcept', 'false') = 'false'
