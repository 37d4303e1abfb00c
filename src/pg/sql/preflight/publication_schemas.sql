-- Publications that publish whole schemas. One row a publication.
-- Versions: 15 to 18. Privileges: none. Locks: none.
SELECT DISTINCT s.pnpubid AS publication FROM pg_catalog.pg_publication_namespace s
