-- Row filters use only columns that identify rows: otherwise UPDATE and DELETE would fail in the application (42P10).
\if :publisher_has_row_filters
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'columns of row filters are not in the replica identity',
  'UPDATE and DELETE would fail in the application. Split by key columns, or set REPLICA IDENTITY FULL.') AS refused
FROM (
  SELECT format('row filter of table %s in publication %I uses column %I', r.prrelid::regclass, p.pubname, a.attname)
  FROM pg_temp.planned_publication AS planned JOIN pg_publication AS p ON p.pubname = planned.publication_name AND (planned.updates OR planned.deletes)
  JOIN pg_publication_rel AS r ON r.prpubid = p.oid AND r.prqual IS NOT NULL
  JOIN pg_class AS c ON c.oid = r.prrelid AND c.relreplident <> 'f'
  JOIN pg_depend AS d ON d.classid = 'pg_publication_rel'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    AND d.refobjid = r.prrelid AND d.refobjsubid > 0
  JOIN pg_attribute AS a ON a.attrelid = r.prrelid AND a.attnum = d.refobjsubid
  WHERE NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indexrelid = pg_get_replica_identity_index(r.prrelid)
    AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]))
) AS found(line) \gset
\endif
