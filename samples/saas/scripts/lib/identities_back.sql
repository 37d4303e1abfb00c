-- Gives the tables back the replica identities that they had.
SELECT pg_temp.has_state('changed_identity') AS identities_changed \gset
\if :identities_changed
SELECT format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY %s', s.schema_name, s.table_name,
              CASE s.identity WHEN 'd' THEN 'DEFAULT' WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                              ELSE format('USING INDEX %I', s.index_name) END)
FROM pgslotplan.changed_identity AS s
JOIN pg_namespace AS n ON n.nspname = s.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.table_name
WHERE s.prefix = :'prefix' AND (s.identity <> 'i' OR s.index_name IS NOT NULL)
ORDER BY s.schema_name, s.table_name \gexec
\set table changed_identity
\ir forget.sql
\endif
