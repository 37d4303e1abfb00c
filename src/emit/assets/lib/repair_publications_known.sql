-- The publications of this part are the planned ones, but for what this repair makes again.
\ir publication_differences.sql
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'differences between the publications and the plan',
  'Somebody else made or changed them. Drop them if nothing uses them, or repair the slot as a whole.') AS refused
FROM unnest(:'differences'::text[]) AS line
WHERE line NOT IN (
  SELECT format('publication %I lacks table %I.%I, or has another row filter or a column list for it', publication_name, schema_name, table_name)
  FROM pg_temp.repaired_member WHERE NOT EXISTS (SELECT FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
      JOIN pg_class AS c ON c.oid = r.prrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE p.pubname = publication_name AND n.nspname = schema_name AND c.relname = table_name)
  UNION ALL
  SELECT unnest(ARRAY[format('publication %I does not exist', b.publication_name),
    format('publication %I lacks table %I.%I, or has another row filter or a column list for it', t.publication_name, t.schema_name, t.table_name)])
  FROM pg_temp.repaired_slot AS s JOIN pg_temp.planned_publication AS b ON b.slot_name = s.slot_name
  JOIN pg_temp.planned_table AS t ON t.publication_name = b.publication_name
  WHERE NOT EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = b.publication_name)) \gset
