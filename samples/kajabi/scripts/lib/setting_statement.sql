-- The statement that gives a role, the database or both a setting. Lists are kept as they are written: each item is spelled by itself.
CREATE OR REPLACE FUNCTION pg_temp.setting_statement(role_name name, place text, setting_name text, value text) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
  SELECT format('ALTER %s SET %s TO %s',
    CASE WHEN role_name = '' AND place = 'server' THEN 'ROLE ALL' WHEN role_name = '' THEN format('DATABASE %I', current_database())
      ELSE format('ROLE %I', role_name) || CASE WHEN place = 'database' THEN format(' IN DATABASE %I', current_database()) ELSE '' END END,
    (SELECT string_agg(quote_ident(part), '.' ORDER BY n) FROM unnest(string_to_array(setting_name, '.')) WITH ORDINALITY AS p(part, n)),
    CASE WHEN lower(setting_name) IN ('search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries')
      THEN coalesce((SELECT string_agg(quote_literal(coalesce(replace(item[1], '""', '"'), item[2])), ', ' ORDER BY n)
        FROM regexp_matches(value, '"((?:[^"]|"")*)"|([^, ]+)', 'g') WITH ORDINALITY AS m(item, n)), quote_literal(''))
      ELSE quote_literal(value) END)
$pgslotplan$;
