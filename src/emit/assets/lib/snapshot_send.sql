-- Sends one piece, JSON in the file "$own/piece", to the file descriptor 3, and says how many rows that were. The transaction sees what
-- the snapshot saw. A table that was truncated or rewritten since holds its rows elsewhere, or has lost them for this snapshot.
\ir snapshot_session.sql
\set piece `cat "$own/piece"`
SELECT p.snapshot, p.relation, p.filenode, p.truncates, p.way, format('%I.%I', p.schema_name, p.table_name) AS table_name,
       CASE WHEN p.way = 'whole' THEN format('%I.%I%s', p.schema_name, p.table_name, ' (' || nullif(w.names, '') || ')')
         ELSE format('(SELECT %s FROM ONLY %I.%I AS t WHERE %s)', w.names, p.schema_name, p.table_name, concat_ws(' AND ', 'true',
           CASE WHEN p.lo IS NULL THEN NULL WHEN p.way = 'ctid' THEN format('t.ctid >= ''(%s,0)''::tid', p.lo::bigint) ELSE format('t.%I >= %L::%s', p.key_name, p.lo, t.name) END,
           CASE WHEN p.hi IS NULL THEN NULL WHEN p.way = 'ctid' THEN format('t.ctid < ''(%s,0)''::tid', p.hi::bigint) ELSE format('t.%I < %L::%s', p.key_name, p.hi, t.name) END)) END AS source,
       format('(FORMAT %s, ENCODING %L)', CASE WHEN p.is_binary THEN 'binary' ELSE 'text' END, p.encoding) AS format
FROM jsonb_to_record(:'piece') AS p(snapshot text, relation oid, filenode oid, truncates boolean, way text, schema_name name, table_name name, key_name name,
    key_type text, lo text, hi text, columns jsonb, is_binary boolean, encoding text)
-- a name of a built-in type and nothing else
CROSS JOIN LATERAL (SELECT format_type(p.key_type::regtype, NULL) AS name) AS t
CROSS JOIN LATERAL (SELECT string_agg(format(CASE WHEN p.way = 'whole' THEN '%I' ELSE 't.%I' END, c.name), ', ' ORDER BY c.place) AS names
    FROM jsonb_array_elements_text(p.columns) WITH ORDINALITY AS c(name, place)) AS w \gset
SELECT set_config('pgslotplan.relation', :'relation', false) AS relation, set_config('pgslotplan.table_name', :'table_name', false) AS name,
       pg_relation_filenode(:'relation'::oid) IS DISTINCT FROM :'filenode'::oid AS has_moved, :'way' <> 'whole' AS is_planned \gset
\set filled t
\if :has_moved
  \set is_planned t
\endif
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET TRANSACTION SNAPSHOT :'snapshot';
\ir wall_up.sql
SELECT format('LOCK TABLE ONLY %s IN ACCESS SHARE MODE', :'table_name') AS statement \gset
:statement;
-- what is planned is looked at under the lock, by a session that sees the catalog as it is now: this one sees it as it was
\if :is_planned
\set code `psql -X -q -A -t -v ON_ERROR_STOP=1 -v relation=:'relation' -d "$publisher" -f "$here/lib/snapshot_code.sql"`
SELECT set_config('pgslotplan.code', :'code', false) AS code \gset
DO $pgslotplan$ BEGIN
  IF current_setting('pgslotplan.code') <> 'none' THEN
    RAISE EXCEPTION USING MESSAGE = format('table %s is not read: %s', current_setting('pgslotplan.table_name'),
      coalesce(nullif(current_setting('pgslotplan.code'), ''), 'nobody tells whose code that would run'));
  END IF;
END $pgslotplan$;
\endif
SELECT pg_relation_filenode(:'relation'::oid) IS DISTINCT FROM :'filenode'::oid AS has_moved_now,
       NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'relation' AND pid = pg_backend_pid() AND relation = :'relation'::oid) AS is_another \gset
SELECT set_config('pgslotplan.trouble', CASE WHEN :'is_another'::boolean THEN 'was replaced by another one' WHEN :'has_moved_now'::boolean AND NOT :'has_moved'::boolean
    THEN 'is being truncated or rewritten: it is looked at again' ELSE '' END, false) AS trouble \gset
\if :has_moved
SELECT format('SELECT EXISTS (SELECT FROM ONLY %s) AS filled', :'table_name') AS statement \gset
:statement \gset
\endif
-- all rows are there for this snapshot after VACUUM FULL or CLUSTER, in other places. None is after TRUNCATE, which the slot brings, and
-- none after a rewriting ALTER TABLE, which it does not: lib/emptied.sql tells them apart
SELECT set_config('pgslotplan.trouble', CASE WHEN current_setting('pgslotplan.trouble') <> '' THEN current_setting('pgslotplan.trouble')
    WHEN :'has_moved'::boolean AND :'filled'::boolean AND :'way' <> 'whole' THEN 'was rewritten by VACUUM FULL or CLUSTER: its rows are elsewhere than when it was cut into pieces'
    WHEN :'has_moved'::boolean AND NOT :'filled'::boolean AND NOT :'truncates'::boolean THEN 'was rewritten or emptied since: the snapshot sees no row of it any more' ELSE '' END, false) AS trouble \gset
DO $pgslotplan$ BEGIN
  IF current_setting('pgslotplan.trouble') <> '' THEN
    RAISE EXCEPTION USING MESSAGE = format('table %s %s', current_setting('pgslotplan.table_name'), current_setting('pgslotplan.trouble')),
      HINT = 'If it stays like that, only a new snapshot helps: PGSLOTPLAN_START_OVER.';
  END IF;
END $pgslotplan$;
SELECT NOT :'filled'::boolean AS is_emptied \gset
\if :is_emptied
\! : > "$own/emptied"
\endif
SELECT format('COPY %s TO STDOUT %s', :'source', :'format') AS statement \gset
:statement \g /dev/fd/3
\echo :ROW_COUNT
COMMIT;
