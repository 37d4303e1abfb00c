-- Entries that attach an index of a partition to a key, as pg_restore prints them: line ends become blanks.
\ir publisher.sql
\ir read_only.sql
WITH RECURSIVE key AS (
  SELECT i.indexrelid FROM pg_index AS i WHERE i.indisprimary OR i.indisreplident
  UNION SELECT conindid FROM pg_constraint WHERE contype = 'f'
  UNION SELECT h.inhrelid FROM pg_inherits AS h JOIN key ON key.indexrelid = h.inhparent
)
SELECT translate(format('INDEX ATTACH %s %s %s', n.nspname, c.relname, r.rolname), E'\n\r', '  ')
FROM pg_class AS c JOIN key ON key.indexrelid = c.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_roles AS r ON r.oid = c.relowner
WHERE c.relispartition AND c.relkind IN ('i', 'I');
