-- What this side holds, as rows on standard output: those of the inventory; what rests here until the opening ("held"); on the
-- publisher tables whose rows nothing brings. In the formats of pgslotplan check, so that both read the same.
SELECT pg_temp.has_state('held') AS holds, :'session_side' = 'publisher' AS sends, has_table_privilege('pg_authid', 'SELECT') AS sees_passwords \gset
\if :sends \ir inventory_unreplicated.sql \endif
\ir read_only.sql
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET TimeZone = 'UTC';
SET extra_float_digits = 1;
SET bytea_output = 'hex';
\ir inventory_server.sql
\ir inventory_relations.sql
\ir inventory_objects.sql
\ir inventory_privileges.sql
\if :sees_passwords
\ir inventory_passwords.sql
\else
COPY (SELECT 'unseen', '[]', 'password', 'true') TO STDOUT;
\endif
\if :holds
COPY (SELECT kind, CASE kind WHEN 'event_trigger' THEN json_build_array(name) WHEN 'trigger' THEN json_build_array(schema_name, table_name, name)
         ELSE json_build_array(schema_name, table_name) END, 'held ' || fact, value
      FROM (SELECT CASE h.kind WHEN 'row security' THEN 'relation' ELSE replace(h.kind, ' ', '_') END AS kind, h.schema_name, h.table_name, h.name,
              CASE h.kind WHEN 'setting' THEN h.name::text WHEN 'row security' THEN 'forced row security' ELSE 'enabled' END AS fact,
              CASE WHEN h.kind = 'row security' THEN 'true' WHEN h.kind = 'setting' THEN CASE WHEN strpos(h.name, '.') > 0 THEN 'md5 ' || md5(h.value) ELSE h.value END
                ELSE CASE h.value WHEN 'A' THEN 'always' WHEN 'R' THEN 'replica' WHEN 'D' THEN 'disabled' ELSE '' END END AS value
            FROM pgslotplan.held AS h WHERE h.prefix = :'prefix') AS rests) TO STDOUT;
\endif
