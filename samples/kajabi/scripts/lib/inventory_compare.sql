-- What differs between both databases at a :moment: tables (before the copy), everything (all schema steps have run), cutover (before the
-- pause) or proof (after RESUME). On standard input lines that accept differences, then the rows of both sides (inventory.sh). A line on
-- standard output for each difference: no-go or note, the line that accepts it, what differs, what mends it. The rules are those of
-- pgslotplan check (src/inventory), which a test holds against these.
\ir members.sql
BEGIN;
SET LOCAL work_mem = '256MB';
SELECT count(set_config('session_replication_role', 'replica', true)) AS replica FROM pg_roles WHERE rolname = current_user AND rolsuper \gset
CREATE TEMP TABLE inventory_accepted (number integer, line text, kind text, identity jsonb, fact text);
\copy pg_temp.inventory_accepted (number, line) FROM pstdin
CREATE TEMP TABLE inventory_row (side text, kind text, identity text, fact text, value text);
\copy pg_temp.inventory_row FROM pstdin
-- kind, what it stands in and by how many names, which step brings it, how bad it is when the subscriber lacks it, and when only it has it
CREATE TEMP TABLE inventory_kind (kind text, parent text, parent_names integer, carrier text, missing text, extra text);
INSERT INTO inventory_kind VALUES
  ('role', NULL, 0, 'schema', 'error', 'info'), ('password', NULL, 0, 'nobody', 'error', 'info'), ('membership', 'role', 1, 'schema', 'error', 'warning'),
  ('setting', NULL, 0, 'schema', 'error', 'error'), ('database', NULL, 0, 'nobody', 'error', 'error'), ('tablespace', NULL, 0, 'nobody', 'error', 'info'),
  ('schema', NULL, 0, 'schema', 'error', 'warning'), ('relation', 'schema', 1, 'schema', 'error', 'warning'),
  ('column', 'relation', 2, 'schema', 'error', 'error'), ('constraint', 'relation', 2, 'schema', 'error', 'error'),
  ('index', 'relation', 2, 'indexes', 'error', 'warning'), ('trigger', 'relation', 2, 'foreign_keys', 'error', 'error'),
  ('rule', 'relation', 2, 'foreign_keys', 'error', 'error'), ('policy', 'relation', 2, 'foreign_keys', 'error', 'error'),
  ('sequence', 'schema', 1, 'schema', 'error', 'warning'), ('statistics', 'schema', 1, 'foreign_keys', 'warning', 'info'),
  ('function', 'schema', 1, 'schema', 'error', 'warning'), ('type', 'schema', 1, 'schema', 'error', 'warning'),
  ('domain_constraint', 'type', 2, 'schema', 'error', 'error'), ('operator', 'schema', 1, 'schema', 'error', 'warning'),
  ('operator_class', 'schema', 1, 'schema', 'error', 'warning'), ('operator_family', 'schema', 1, 'schema', 'error', 'warning'),
  ('cast', NULL, 0, 'schema', 'error', 'error'), ('collation', 'schema', 1, 'schema', 'error', 'warning'),
  ('conversion', 'schema', 1, 'schema', 'error', 'warning'), ('text_search_configuration', 'schema', 1, 'schema', 'error', 'warning'),
  ('text_search_dictionary', 'schema', 1, 'schema', 'error', 'warning'), ('text_search_template', 'schema', 1, 'schema', 'error', 'warning'),
  ('text_search_parser', 'schema', 1, 'schema', 'error', 'warning'), ('language', NULL, 0, 'schema', 'error', 'info'),
  ('transform', NULL, 0, 'schema', 'error', 'warning'), ('access_method', NULL, 0, 'schema', 'error', 'info'),
  ('extension', NULL, 0, 'schema', 'error', 'info'), ('extension_table', 'extension', 1, 'nobody', 'error', 'info'),
  ('foreign_data_wrapper', NULL, 0, 'schema', 'error', 'info'), ('foreign_server', NULL, 0, 'schema', 'error', 'warning'),
  ('user_mapping', 'foreign_server', 1, 'schema', 'error', 'warning'), ('foreign_table', 'relation', 2, 'schema', 'error', 'warning'),
  ('event_trigger', NULL, 0, 'foreign_keys', 'error', 'error'), ('publication', NULL, 0, 'nobody', 'error', 'info'),
  ('subscription', NULL, 0, 'nobody', 'error', 'warning'), ('slot', NULL, 0, 'nobody', 'error', 'info'),
  ('large_objects', NULL, 0, 'nobody', 'error', 'error'), ('default_privileges', NULL, 0, 'schema', 'error', 'error'),
  ('comment', NULL, 0, 'schema', 'warning', 'info'), ('security_label', NULL, 0, 'schema', 'error', 'warning');
-- the lines: a kind, an identity, perhaps a fact
UPDATE inventory_accepted SET kind = m.part[1], fact = nullif(btrim(m.part[3]), ''), identity = m.part[2]::jsonb
FROM (SELECT number, regexp_match(line, '^\s*(\w+)\s+(\[.*\])(.*)$') AS part FROM inventory_accepted) AS m WHERE m.number = inventory_accepted.number;
SELECT pg_temp.refuse(array_agg(format('line %s: %s', number, line) ORDER BY number), 'invalid lines in the file of accepted differences',
  'A line is a kind, a list of names, and perhaps a fact: index ["public", "orders", "orders_old"]') AS refused
FROM inventory_accepted WHERE kind IS NULL OR kind NOT IN (SELECT kind FROM inventory_kind) \gset
-- what rests until the opening counts as it will be
DELETE FROM inventory_row AS r USING inventory_row AS h
WHERE h.fact LIKE 'held %' AND h.fact = 'held ' || r.fact AND (h.side, h.kind, h.identity) = (r.side, r.kind, r.identity);
UPDATE inventory_row AS h SET fact = substr(fact, 6) WHERE fact LIKE 'held %' AND value <> ''
  AND (kind = 'setting' OR EXISTS (SELECT FROM inventory_row AS r WHERE (r.side, r.kind, r.identity) = (h.side, h.kind, h.identity) AND r.fact NOT LIKE 'held %'));
-- what the plan itself makes or changes, and the write stop
DELETE FROM inventory_row AS r WHERE fact LIKE 'held %'
  OR kind IN ('publication', 'subscription', 'slot') AND (starts_with(identity::json ->> 0, :'prefix' || '_rev_')
    OR EXISTS (SELECT FROM pg_temp.planned_publication AS p WHERE r.kind = 'publication' AND p.publication_name = r.identity::json ->> 0)
    OR EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE (r.kind, r.identity::json ->> 0) IN (('slot', p.slot_name::text), ('subscription', p.subscription_name::text))))
  OR kind IN ('trigger', 'event_trigger') AND starts_with(identity::json ->> -1, :'prefix' || '_refuse_')
  OR kind = 'setting' AND fact = 'default_transaction_read_only' AND value = 'on' AND identity::json ->> 1 = 'database' AND :'moment' IN ('cutover', 'proof');
DELETE FROM inventory_row AS r USING pg_temp.planned_foreign_key AS k
WHERE r.kind = 'constraint' AND k.is_restored AND r.identity = json_build_array(k.schema_name, k.table_name, k.constraint_name)::text;
-- up to 17 a partitioned table's key stands on its partitions until it is validated
DELETE FROM inventory_row AS r USING pg_temp.planned_foreign_key AS k JOIN pg_temp.planned_partition AS l ON (l.root_schema, l.root_name) = (k.schema_name, k.table_name)
WHERE r.kind = 'constraint' AND k.is_restored AND r.identity = json_build_array(l.schema_name, l.table_name, k.constraint_name)::text;
DELETE FROM inventory_row AS r USING pg_temp.planned_table AS t LEFT JOIN pg_temp.planned_partition AS l ON l.root_schema = t.schema_name AND l.root_name = t.table_name
WHERE r.kind = 'relation' AND r.fact = 'replica identity' AND t.sets_identity
  AND r.identity IN (json_build_array(t.schema_name, t.table_name)::text, json_build_array(l.schema_name, l.table_name)::text);
CREATE TEMP TABLE inventory_object AS
SELECT kind, identity, bool_or(side = 'publisher') AS there, bool_or(side = 'subscriber') AS here FROM inventory_row GROUP BY kind, identity;
ANALYZE inventory_row, inventory_object;
CREATE FUNCTION pg_temp.inventory_value(wanted_side text, wanted_kind text, wanted_identity text, wanted_fact text) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
  SELECT value FROM pg_temp.inventory_row WHERE side = wanted_side AND kind = wanted_kind AND identity = wanted_identity AND fact = wanted_fact
$pgslotplan$;
-- the text of a definition without qualifiers, parentheses and white space
CREATE FUNCTION pg_temp.inventory_bare(definition text) RETURNS text LANGUAGE sql IMMUTABLE AS $pgslotplan$
  SELECT regexp_replace(regexp_replace(regexp_replace(definition, '(''(?:[^'']|'''')*'')|(?:"(?:[^"]|"")*"|\w[\w$]*)\.(?!\d)(?=\w|")|[()]', ' \1 ', 'g'),
    '\s+', ' ', 'g'), '(?<!\w) | (?!\w)', '', 'g')
$pgslotplan$;
-- the columns that both have, in one's order
CREATE FUNCTION pg_temp.inventory_order(columns text, others text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $pgslotplan$
  SELECT array_agg(c.name ORDER BY c.place) FROM json_array_elements_text(columns::json) WITH ORDINALITY AS c(name, place)
  WHERE c.name IN (SELECT json_array_elements_text(others::json))
$pgslotplan$;
CREATE FUNCTION pg_temp.inventory_shown(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $pgslotplan$
  SELECT CASE WHEN value IS NULL THEN 'not set' WHEN value = '' THEN 'empty' WHEN length(value) > 200 THEN left(value, 200) || ' ...' ELSE value END
$pgslotplan$;
CREATE FUNCTION pg_temp.inventory_enabled(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $pgslotplan$
  SELECT CASE value WHEN 'disabled' THEN 'DISABLE' WHEN 'replica' THEN 'ENABLE REPLICA' WHEN 'always' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END
$pgslotplan$;
CREATE TEMP TABLE inventory_difference AS
WITH fact AS (
  SELECT kind, identity, fact, max(value COLLATE "C") FILTER (WHERE side = 'publisher') AS old, max(value COLLATE "C") FILTER (WHERE side = 'subscriber') AS new
  FROM inventory_row WHERE kind NOT IN ('available_extension', 'unseen')
    AND NOT (kind = 'password' AND EXISTS (SELECT FROM inventory_row AS u WHERE u.kind = 'unseen')) GROUP BY kind, identity, fact
), differs AS (
  SELECT f.*, o.there, o.here, f.kind IN ('setting', 'database', 'default_privileges', 'large_objects')
    OR f.kind = 'column' AND json_array_length(f.identity::json) < 3 AS by_facts
  FROM fact AS f JOIN inventory_object AS o USING (kind, identity) WHERE f.old IS DISTINCT FROM f.new
), meant AS (
  -- two texts that mean the same: see docs/inventory.md
  SELECT d.* FROM differs AS d WHERE (there AND here OR by_facts) AND CASE
    WHEN kind = 'relation' AND fact = 'reads' THEN false
    WHEN fact = 'maintain privilege' THEN :'both_have_maintain' = 'on'
    WHEN kind = 'database' AND fact = 'collation version' THEN old IS NOT NULL AND new IS NOT NULL
    WHEN kind = 'database' AND fact = 'locale' OR kind = 'collation' AND fact = 'locale' AND pg_temp.inventory_value('publisher', kind, identity, 'provider') = 'icu'
      THEN :'icu_locales_read_alike' = 'on'
    WHEN kind = 'column' AND fact = 'not null' AND new IS NULL THEN
      :'moment' <> 'tables' OR pg_temp.inventory_value('publisher', kind, identity, 'not null not valid') IS NULL
    WHEN old IS NULL OR new IS NULL THEN true
    WHEN kind IN ('relation', 'rule', 'function') AND fact = 'definition' THEN
      regexp_replace(btrim(old, E' \n'), '\s+', ' ', 'g') <> regexp_replace(btrim(new, E' \n'), '\s+', ' ', 'g')
      AND (:'views_read_alike' = 'on' OR pg_temp.inventory_bare(old) <> pg_temp.inventory_bare(new)
        OR pg_temp.inventory_value('publisher', kind, identity, 'reads') IS DISTINCT FROM pg_temp.inventory_value('subscriber', kind, identity, 'reads'))
    -- without a superuser the schema stays with the database's owner
    WHEN fact = 'owner' AND kind = 'schema' AND identity = '["public"]' AND :'privileges' <> 'superuser' THEN false
    WHEN fact = 'owner' AND 'pg_database_owner' IN (old, new) THEN
      CASE old WHEN 'pg_database_owner' THEN pg_temp.inventory_value('publisher', 'database', '[]', 'owner') ELSE old END
      <> CASE new WHEN 'pg_database_owner' THEN pg_temp.inventory_value('subscriber', 'database', '[]', 'owner') ELSE new END
    WHEN kind = 'relation' AND fact = 'column order' THEN pg_temp.inventory_order(old, new) <> pg_temp.inventory_order(new, old)
    WHEN kind = 'database' AND fact IN ('collate', 'ctype') THEN lower(replace(old, '-', '')) <> lower(replace(new, '-', ''))
    WHEN kind = 'extension' AND fact = 'version' THEN new IS DISTINCT FROM pg_temp.inventory_value('subscriber', 'available_extension', identity, 'default version')
    ELSE true END
), whole AS (
  -- what one side lacks, said once: not with what it stands in, and not what nobody misses
  SELECT DISTINCT ON (d.kind, d.identity) d.kind, d.identity, d.there,
         CASE WHEN d.kind = 'constraint' THEN pg_temp.inventory_value(CASE WHEN d.there THEN 'publisher' ELSE 'subscriber' END, d.kind, d.identity, 'definition') END AS definition
  FROM differs AS d JOIN inventory_kind AS k ON k.kind = d.kind
  LEFT JOIN inventory_object AS p ON p.kind = k.parent
    AND p.identity = CASE k.parent_names WHEN 1 THEN json_build_array(d.identity::json -> 0)::text ELSE json_build_array(d.identity::json -> 0, d.identity::json -> 1)::text END
  WHERE NOT d.by_facts AND d.there <> d.here AND CASE WHEN d.there THEN p.here ELSE p.there END IS NOT FALSE
    AND NOT (d.kind = 'index' AND (d.there AND pg_temp.inventory_value('publisher', d.kind, d.identity, 'invalid') IS NOT NULL
      OR pg_temp.inventory_value(CASE WHEN d.there THEN 'publisher' ELSE 'subscriber' END, d.kind, d.identity, 'of constraint') IS NOT NULL))
    AND NOT (d.kind = 'password' AND d.old = 'none')
), found AS (
  SELECT kind, identity, fact, old, new, old IS NOT NULL AS there FROM meant
  UNION ALL SELECT kind, identity, NULL, definition, NULL, there FROM whole
)
SELECT f.*, concat(f.kind, ' [', (SELECT string_agg(coalesce(to_json(e.name)::text, '""'), ', ' ORDER BY e.place)
    FROM json_array_elements_text(f.identity::json) WITH ORDINALITY AS e(name, place)), ']', ' ' || f.fact) AS line,
  CASE WHEN f.kind = 'relation' AND f.fact = 'populated' OR f.kind = 'role' AND f.fact IN ('superuser', 'replication', 'bypasses row security', 'valid until') THEN 'nobody'
    WHEN f.kind = 'constraint' AND f.old LIKE 'FOREIGN KEY%' OR f.kind = 'relation' AND f.fact IN ('row security', 'forced row security')
      OR f.kind = 'column' AND f.fact = 'not null not valid' THEN 'foreign_keys'
    WHEN f.kind = 'relation' AND f.fact = 'replica identity' THEN 'indexes' ELSE k.carrier END AS carrier,
  CASE WHEN f.fact IS NULL THEN CASE WHEN f.there THEN k.missing ELSE k.extra END
    WHEN (f.kind, f.fact) IN (('column', 'storage'), ('column', 'compression'), ('column', 'statistics target'), ('column', 'options'), ('column', 'not null not valid'),
      ('index', 'clustered'), ('index', 'tablespace'), ('index', 'attached to'), ('relation', 'options'), ('relation', 'toast options'), ('relation', 'tablespace'),
      ('relation', 'access method'), ('function', 'cost'), ('function', 'rows'), ('function', 'support'), ('database', 'collation version'), ('database', 'template'),
      ('extension', 'version')) OR f.kind = 'password' AND f.new IS DISTINCT FROM 'none' THEN 'warning' ELSE k.missing END AS severity
FROM found AS f JOIN inventory_kind AS k ON k.kind = f.kind;
CREATE TEMP TABLE inventory_said AS
SELECT d.*, a.number AS accepted_by, CASE WHEN d.severity <> 'error' OR :'moment' IN ('tables', 'everything') AND d.carrier = 'nobody'
    OR :'moment' = 'tables' AND NOT (d.kind IN ('relation', 'column', 'constraint') AND d.carrier = 'schema' AND d.fact IS DISTINCT FROM 'default'
      AND d.fact IS DISTINCT FROM 'replicated' AND EXISTS (SELECT FROM pg_temp.planned_relation AS p WHERE p.schema_name = d.identity::json ->> 0 AND p.table_name = d.identity::json ->> 1))
  THEN 'note' ELSE 'no-go' END AS level
FROM inventory_difference AS d
LEFT JOIN LATERAL (SELECT a.number FROM inventory_accepted AS a WHERE a.kind = d.kind AND (a.fact IS NULL OR a.fact = d.fact)
  AND a.identity = coalesce((SELECT jsonb_agg(coalesce(e.name, '') ORDER BY e.place) FROM json_array_elements_text(d.identity::json) WITH ORDINALITY AS e(name, place)), '[]')
  ORDER BY a.fact NULLS LAST LIMIT 1) AS a ON true
-- a later step brings it
WHERE NOT (:'moment' = 'tables' AND d.new IS NULL AND d.there
  AND (d.carrier IN ('indexes', 'foreign_keys') OR :'keys_come_later' = 'on' AND d.kind = 'constraint' AND d.old ~ '^(PRIMARY KEY|UNIQUE|EXCLUDE) '));
COPY (
SELECT level, line, CASE WHEN fact IS NULL THEN CASE WHEN there THEN 'the subscriber lacks it' ELSE 'only the subscriber has it' END
    WHEN fact = 'replicated' THEN substr(old, 5) || ': nothing brings its rows' WHEN concat(old, new) LIKE '%md5 %' THEN 'differs'
    ELSE format('%s on the publisher, %s on the subscriber', pg_temp.inventory_shown(old), pg_temp.inventory_shown(new)) END,
  CASE WHEN kind = 'role' AND fact IS NULL AND there THEN format('CREATE ROLE %I', names[1])
    WHEN kind = 'role' AND fact = 'login' THEN format('ALTER ROLE %I %sLOGIN', names[1], CASE WHEN old = 'true' THEN '' ELSE 'NO' END)
    WHEN kind = 'role' AND fact = 'connection limit' THEN format('ALTER ROLE %I CONNECTION LIMIT %s', names[1], coalesce(old, '-1'))
    WHEN kind = 'membership' AND fact IS NULL AND there THEN format('GRANT %I TO %I', names[1], names[2])
    WHEN kind = 'database' AND fact = 'owner' THEN format('ALTER DATABASE %I OWNER TO %I', current_database(), old)
    WHEN kind = 'relation' AND fact = 'populated' AND old = 'true' THEN format('REFRESH MATERIALIZED VIEW %I.%I', names[1], names[2])
    WHEN kind = 'relation' AND fact = 'replicated' THEN 'plan again with the table or with --exclude, or accept the line'
    WHEN kind = 'trigger' AND fact = 'enabled' THEN format('ALTER TABLE %I.%I %s TRIGGER %I', names[1], names[2], pg_temp.inventory_enabled(old), names[3])
    WHEN kind = 'event_trigger' AND fact = 'enabled' THEN format('ALTER EVENT TRIGGER %I %s', names[1], pg_temp.inventory_enabled(old))
    WHEN kind = 'extension' AND fact IS NULL AND there THEN format('CREATE EXTENSION %I', names[1])
    WHEN kind = 'extension_table' THEN format('pg_dump --data-only --table=%s of the publisher', format('%I.%I', names[2], names[3]))
    WHEN kind = 'large_objects' THEN 'pg_dump --data-only --large-objects of the publisher, while nobody changes them' END
FROM (SELECT s.*, ARRAY(SELECT json_array_elements_text(s.identity::json)) AS names FROM inventory_said AS s WHERE s.accepted_by IS NULL) AS said
UNION ALL
SELECT 'note', line, 'line ' || number || ' of the accepted differences accepts nothing', NULL FROM inventory_accepted
WHERE :'moment' IN ('cutover', 'proof') AND number NOT IN (SELECT accepted_by FROM inventory_said WHERE accepted_by IS NOT NULL)
ORDER BY 1, 2) TO STDOUT;
ROLLBACK;
