-- Where the tables of :batch are published now: pg_temp.place().
\ir transition.sql
SELECT set_config('pgslotplan.batch', :'batch', false) AS batch_number \gset
CREATE OR REPLACE FUNCTION pg_temp.place() RETURNS TABLE (schema_name name, table_name name, member text, from_publication name, to_publication name,
  is_from boolean, is_to boolean, is_there boolean) LANGUAGE sql STABLE AS $pgslotplan$
  SELECT g.schema_name, g.table_name, g.member, g.from_publication, g.to_publication,
         -- leaves that join behind a root that stays leave nothing
         g.from_publication IS DISTINCT FROM g.to_publication AND EXISTS (SELECT FROM pg_publication AS p JOIN pg_publication_rel AS r ON r.prpubid = p.oid
           WHERE p.pubname = g.from_publication AND r.prrelid = c.oid),
         g.to_publication IS NULL OR EXISTS (SELECT FROM pg_publication AS p JOIN pg_publication_rel AS r ON r.prpubid = p.oid
           WHERE p.pubname = g.to_publication AND r.prrelid = c.oid),
         c.oid IS NOT NULL
  FROM pg_temp.transition_change AS g
  LEFT JOIN (pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace) ON n.nspname = g.schema_name AND c.relname = g.table_name
  WHERE g.batch = current_setting('pgslotplan.batch')::integer
$pgslotplan$;
