-- What rests or waits here until the opening, as it will be then (pgslotplan.held, once it is known to be ours): rows as in
-- inventory_objects.sql, each fact behind the word "held". A value that is empty: as usual. An object that is gone meanwhile has
-- none, but for settings.
-- Versions: 12 to 18. Privileges: SELECT on the table. Locks: none.
COPY (
SELECT CASE h.kind WHEN 'row security' THEN 'relation' ELSE replace(h.kind, ' ', '_') END,
       CASE h.kind WHEN 'trigger' THEN json_build_array(h.schema_name, h.table_name, h.name) WHEN 'event trigger' THEN json_build_array(h.name)
         ELSE json_build_array(h.schema_name, h.table_name) END,
       'held ' || CASE h.kind WHEN 'setting' THEN h.name::text WHEN 'row security' THEN 'forced row security' ELSE 'enabled' END,
       CASE WHEN h.kind = 'row security' THEN 'true'
         WHEN h.kind = 'setting' THEN CASE WHEN strpos(h.name::text, '.') > 0 THEN 'md5 ' || md5(h.value) ELSE h.value END
         ELSE CASE h.value WHEN 'A' THEN 'always' WHEN 'R' THEN 'replica' ELSE '' END END
FROM pgslotplan.held AS h
) TO STDOUT;
