-- What the publications have that the plan does not, and the other way round: :differences, a text[] of one line each.
\ir members.sql
\if :publisher_has_schema_publications
SELECT coalesce(array_agg(format('publication %I publishes whole schemas', p.pubname)), '{}') AS whole_schemas
FROM pg_temp.planned_publication AS planned JOIN pg_publication AS p ON p.pubname = planned.publication_name
WHERE EXISTS (SELECT FROM pg_publication_namespace AS s WHERE s.pnpubid = p.oid) \gset
\else \set whole_schemas '{}' \endif
WITH planned AS (
  SELECT publication_name, schema_name, table_name, is_filtered FROM pg_temp.planned_table
), actual AS (
  SELECT p.pubname, n.nspname, c.relname, coalesce(to_jsonb(r) -> 'prqual' <> 'null', false) AS is_filtered,
         coalesce(to_jsonb(r) -> 'prattrs' <> 'null', false) AS has_columns
  FROM pg_temp.planned_publication AS planned JOIN pg_publication AS p ON p.pubname = planned.publication_name
  JOIN pg_publication_rel AS r ON r.prpubid = p.oid
  JOIN pg_class AS c ON c.oid = r.prrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
)
SELECT coalesce(array_agg(line ORDER BY line), '{}') AS differences
FROM (
  SELECT format('publication %I does not exist', publication_name) FROM pg_temp.planned_publication
  WHERE NOT EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = publication_name)
  UNION ALL
  SELECT format('publication %I has other options than the plan', p.pubname)
  FROM pg_temp.planned_publication AS planned JOIN pg_publication AS p ON p.pubname = planned.publication_name
  WHERE p.puballtables OR p.pubinsert <> planned.inserts OR p.pubupdate <> planned.updates OR p.pubdelete <> planned.deletes
     OR p.pubtruncate <> planned.truncates OR (to_jsonb(p) ->> 'pubviaroot')::boolean <> planned.via_root
  UNION ALL
  SELECT format('publication %I lacks table %I.%I, or has another row filter or a column list for it', publication_name, schema_name, table_name)
  FROM planned WHERE NOT EXISTS (SELECT FROM actual AS a WHERE a.pubname = planned.publication_name AND a.nspname = planned.schema_name
    AND a.relname = planned.table_name AND a.is_filtered = planned.is_filtered AND NOT a.has_columns)
  UNION ALL
  SELECT format('publication %I also has table %I.%I', a.pubname, a.nspname, a.relname)
  FROM actual AS a WHERE NOT EXISTS (SELECT FROM planned WHERE a.pubname = planned.publication_name
    AND a.nspname = planned.schema_name AND a.relname = planned.table_name)
  UNION ALL
  SELECT format('publication %I is owned by %I, who could change it', p.pubname, o.rolname)
  FROM pg_temp.planned_publication AS planned JOIN pg_publication AS p ON p.pubname = planned.publication_name
  JOIN pg_roles AS o ON o.oid = p.pubowner
  WHERE NOT o.rolsuper AND o.rolname <> current_user AND o.oid <> (SELECT datdba FROM pg_database WHERE datname = current_database())
  UNION ALL
  SELECT unnest(:'whole_schemas'::text[])
) AS found(line) \gset
