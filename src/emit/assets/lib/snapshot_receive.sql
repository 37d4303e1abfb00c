-- Begins the transaction of one piece: tells its number in the file "$own/txid", waits for the piece, and leaves the COPY in :statement
-- for the line that comes before the rows. A table of one piece is emptied first, so that its rows come frozen.
\ir snapshot_session.sql
-- a commit that is lost in a crash is no mark: the piece is copied again
SET synchronous_commit = off;
BEGIN;
\set file `printf '%s/txid' "$own"`
\o :file
SELECT txid_current();
\o
\set piece `looks=0; while [ ! -s "$own/piece" ] && [ ! -e "$own/none" ] && [ "$looks" -lt 3000 ]; do looks=$((looks + 1)); sleep 0.02; done; cat "$own/piece" 2> /dev/null`
SELECT :'piece' = '' AS is_none \gset
\if :is_none
ROLLBACK;
\else
SELECT format('TRUNCATE ONLY %I.%I', p.target_schema, p.target_name) AS emptying, w.frozen AS is_frozen, p.server = pg_postmaster_start_time() AS is_there,
       format('COPY %I.%I%s FROM STDIN (FORMAT %s, ENCODING %L%s)', p.target_schema, p.target_name,
         (SELECT ' (' || string_agg(format('%I', c.name), ', ' ORDER BY c.place) || ')' FROM jsonb_array_elements_text(p.columns) WITH ORDINALITY AS c(name, place)),
         CASE WHEN p.is_binary THEN 'binary' ELSE 'text' END, p.encoding, CASE WHEN w.frozen THEN ', FREEZE' ELSE '' END) AS statement
FROM jsonb_to_record(:'piece') AS p(target_schema name, target_name name, columns jsonb, is_binary boolean, encoding text, is_sole boolean, server timestamptz)
CROSS JOIN LATERAL (
  SELECT p.is_sole AND coalesce(bool_and(has_table_privilege(c.oid, 'TRUNCATE') AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.contype = 'f' AND k.confrelid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 32 <> 0 AND t.tgenabled <> 'D')), false) AS frozen
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = p.target_schema AND c.relname = p.target_name) AS w \gset
\if :is_there
\else
DO $pgslotplan$ BEGIN RAISE EXCEPTION USING MESSAGE = 'the subscriber was restarted, or PGSLOTPLAN_LOADER leads to another server'; END $pgslotplan$;
\endif
\if :is_frozen
:emptying;
\endif
\endif
