-- Creates the publications of the way back that are missing: the members, filters and options of the forward ones, spelled here.
\ir members.sql
SELECT format('CREATE PUBLICATION %I FOR TABLE %s WITH (publish = %L%s)', p.mirror_name,
    string_agg(format('%s%I.%I%s', CASE WHEN t.is_only THEN 'ONLY ' ELSE '' END, t.schema_name, t.table_name, ' WHERE (' || t.row_filter || ')'), ', '
               ORDER BY t.schema_name, t.table_name),
    concat_ws(', ', CASE WHEN p.inserts THEN 'insert' END, CASE WHEN p.updates THEN 'update' END, CASE WHEN p.deletes THEN 'delete' END,
              CASE WHEN p.truncates THEN 'truncate' END),
    CASE WHEN :'subscriber_has_roots' = 'on' THEN ', publish_via_partition_root = ' || CASE WHEN p.via_root THEN 'true' ELSE 'false' END ELSE '' END)
FROM pg_temp.planned_publication AS p JOIN pg_temp.planned_table AS t ON t.publication_name = p.publication_name
WHERE NOT EXISTS (SELECT FROM pg_publication AS b WHERE b.pubname = p.mirror_name)
GROUP BY p.number, p.mirror_name, p.inserts, p.updates, p.deletes, p.truncates, p.via_root ORDER BY p.number \gexec
