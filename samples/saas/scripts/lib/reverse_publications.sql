-- Creates the publications of the way back that are missing: the members, filters and options of the forward ones, spelled here.
\ir members.sql
\ir identity_flaws.sql
-- published here, a table whose identity this version refuses would fail for the application
SELECT pg_temp.refuse(array_agg(flaw ORDER BY flaw), 'tables cannot be published for the way back',
  'Give them another replica identity on both servers, or leave out the way back.') AS refused
FROM (
  SELECT DISTINCT pg_temp.identity_flaw(l.oid, :'refuses_generated_identity' = 'on') AS flaw
  FROM pg_temp.planned_table AS t JOIN pg_namespace AS n ON n.nspname = t.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.table_name
  JOIN LATERAL (SELECT c.oid WHERE c.relkind = 'r'
                UNION ALL SELECT p.relid FROM pg_partition_tree(c.oid) AS p WHERE c.relkind = 'p' AND p.isleaf) AS l(oid) ON true
  WHERE t.publishes_changes
) AS found WHERE flaw IS NOT NULL \gset
SELECT format('CREATE PUBLICATION %I FOR TABLE %s WITH (publish = %L%s)', p.mirror_name,
    string_agg(format('%s%I.%I%s', CASE WHEN t.is_only THEN 'ONLY ' ELSE '' END, t.schema_name, t.table_name, ' WHERE (' || t.row_filter || ')'), ', '
               ORDER BY t.schema_name, t.table_name),
    concat_ws(', ', CASE WHEN p.inserts THEN 'insert' END, CASE WHEN p.updates THEN 'update' END, CASE WHEN p.deletes THEN 'delete' END,
              CASE WHEN p.truncates THEN 'truncate' END),
    CASE WHEN :'subscriber_has_roots' = 'on' THEN ', publish_via_partition_root = ' || CASE WHEN p.via_root THEN 'true' ELSE 'false' END ELSE '' END)
FROM pg_temp.planned_publication AS p JOIN pg_temp.planned_table AS t ON t.publication_name = p.publication_name
WHERE NOT EXISTS (SELECT FROM pg_publication AS b WHERE b.pubname = p.mirror_name)
GROUP BY p.number, p.mirror_name, p.inserts, p.updates, p.deletes, p.truncates, p.via_root ORDER BY p.number \gexec
