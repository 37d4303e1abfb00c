#!/bin/sh
# 72_shell_indexes.sh: Builds the secondary indexes and unique constraints that the subscriber lacks, in parallel, largest first.
# phase indexes, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
# Run: sh 72_shell_indexes.sh
# Environment PGSLOTPLAN_PUBLISHER (needed): connection string of the publisher's database
# Environment PGSLOTPLAN_SUBSCRIBER (needed): connection string of the subscriber's database
# Environment PGSLOTPLAN_BIN (optional): folder of pg_dump, pg_restore and psql, of the subscriber's major version; PATH when not given
# Environment PGSLOTPLAN_JOBS (optional): indexes built at a time, 4 when not given
# Hazard: CREATE INDEX holds up what the slot of its table applies: the slot falls behind meanwhile and keeps WAL on the publisher. Each job may use maintenance_work_mem and max_parallel_maintenance_workers.
# Undo: Drop the indexes.
set -eu
umask 077
say() { printf '%s\n' "$*" >&2; }
die() {
  say "${0##*/}: error: $1"
  [ -z "${2-}" ] || say "hint: $2"
  exit 3
}
PATH="${PGSLOTPLAN_BIN:+$PGSLOTPLAN_BIN:}$PATH"
export PGAPPNAME=pgslotplan PGCLIENTENCODING=UTF8 LC_ALL=C
work=$(mktemp -d "${TMPDIR:-/tmp}/pgslotplan.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
[ -n "${PGSLOTPLAN_PUBLISHER-}" ] || die 'PGSLOTPLAN_PUBLISHER is not set' 'Set it to the connection string of the publisher'\''s database.'
[ -n "${PGSLOTPLAN_SUBSCRIBER-}" ] || die 'PGSLOTPLAN_SUBSCRIBER is not set' 'Set it to the connection string of the subscriber'\''s database.'

for program in psql pg_dump pg_restore awk sort; do
  command -v "$program" >/dev/null || die "$program is not there" 'Set PGSLOTPLAN_BIN to the folder that holds it.'
done

major=$(pg_dump --version | sed 's/^.*(PostgreSQL) \([0-9][0-9]*\).*$/\1/')
if [ "$major" -lt 13 ]; then
  die "pg_dump is of version $major, but the publisher of version 13" 'Set PGSLOTPLAN_BIN to the programs of the subscriber.'
fi
if [ "$major" -ne 15 ]; then
  say "note: pg_dump is of version $major, the subscriber of version 15"
fi

cat > "$work/publisher.sql" <<'PGSLOTPLAN_SQL'
\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET search_path = pg_catalog, pg_temp;
SET client_min_messages = warning;
SET application_name = 'pgslotplan';
SET pgslotplan.ddl = on;
SET default_transaction_read_only = off;
SET default_transaction_isolation = 'read committed';
SET default_transaction_deferrable = off;
SET quote_all_identifiers = off;
SET check_function_bodies = on;
SET lock_timeout = '5s';
SET statement_timeout = '15min';
SET idle_in_transaction_session_timeout = '5min';

DO $pgslotplan$
DECLARE
  found_marker boolean;
BEGIN
  IF current_setting('server_version_num')::integer / 10000 <> 13 THEN
    RAISE EXCEPTION USING MESSAGE = 'this file is for a publisher of major version 13, but the server is '
        || current_setting('server_version'),
      HINT = 'Run it on the publisher, or plan again for its version.';
  END IF;
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION USING MESSAGE = 'the server is a standby', HINT = 'Run this file on the primary server.';
  END IF;
  IF current_database() <> 'saas' THEN
    RAISE EXCEPTION USING MESSAGE = format('the plan is for database %I, but this is database %I', 'saas', current_database()),
      HINT = 'Run this file in the planned database of the publisher.';
  END IF;
  -- a rehearsal runs against a clone, which may have an identifier of its own
  IF coalesce(current_setting('pgslotplan.rehearsal', true), '') <> 'on' AND has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
     AND (SELECT system_identifier::text FROM pg_control_system()) <> '7712766977824796349' THEN
    RAISE EXCEPTION USING MESSAGE = 'this is not the server that the plan was made for: its system identifier differs',
      HINT = 'This file is for the publisher.';
  END IF;
  IF to_regclass('pgslotplan.plan') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pgslotplan.plan WHERE prefix = $1)' INTO found_marker USING 'pgsp';
    IF found_marker THEN
      RAISE EXCEPTION USING MESSAGE = 'this is the subscriber of the plan', HINT = 'This file is for the publisher.';
    END IF;
  END IF;
  IF to_regclass('pgslotplan.bootstrap') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pgslotplan.bootstrap WHERE prefix = $1)' INTO found_marker USING 'pgsp';
    IF found_marker THEN
      RAISE EXCEPTION USING MESSAGE = 'this is the subscriber of the plan', HINT = 'This file is for the publisher.';
    END IF;
  END IF;
END
$pgslotplan$;
PGSLOTPLAN_SQL
cat > "$work/subscriber.sql" <<'PGSLOTPLAN_SQL'
\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET search_path = pg_catalog, pg_temp;
SET client_min_messages = warning;
SET application_name = 'pgslotplan';
SET pgslotplan.ddl = on;
SET default_transaction_read_only = off;
SET default_transaction_isolation = 'read committed';
SET default_transaction_deferrable = off;
SET quote_all_identifiers = off;
SET check_function_bodies = on;
SET lock_timeout = '5s';
SET statement_timeout = '15min';
SET idle_in_transaction_session_timeout = '5min';

DO $pgslotplan$
DECLARE
  is_clone boolean := false;
BEGIN
  IF current_setting('server_version_num')::integer / 10000 <> 15 THEN
    RAISE EXCEPTION USING MESSAGE = 'this file is for a subscriber of major version 15, but the server is '
        || current_setting('server_version'),
      HINT = 'Run it on the subscriber, or plan again for its version.';
  END IF;
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION USING MESSAGE = 'the server is a standby', HINT = 'Run this file on the primary server.';
  END IF;
  IF NOT is_clone AND has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
     AND (SELECT system_identifier::text FROM pg_control_system()) = '7712766977824796349' THEN
    RAISE EXCEPTION USING MESSAGE = 'this is the publisher of the plan: its system identifier is the planned one',
      HINT = 'This file is for the subscriber.';
  END IF;
  IF EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events', 'pgsp_email_events', ARRAY['pgsp_email_events']::text[]),
        ('pgsp_email_messages', 'pgsp_email_messages', ARRAY['pgsp_email_messages']::text[]),
        ('pgsp_sessions', 'pgsp_sessions', ARRAY['pgsp_sessions']::text[]),
        ('pgsp_page_views', 'pgsp_page_views', ARRAY['pgsp_page_views']::text[]),
        ('pgsp_shared_1', 'pgsp_shared_1', ARRAY['pgsp_shared_1']::text[]),
        ('pgsp_shared_2', 'pgsp_shared_2', ARRAY['pgsp_shared_2']::text[]),
        ('pgsp_shared_3', 'pgsp_shared_3', ARRAY['pgsp_shared_3']::text[]),
        ('pgsp_shared_4', 'pgsp_shared_4', ARRAY['pgsp_shared_4']::text[])) AS planned(slot_name, subscription_name, publications)
       JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name AND s.plugin = 'pgoutput'
        AND s.database = current_database())
     OR EXISTS (SELECT FROM (VALUES
        ('pgsp_email_events'),
        ('pgsp_email_messages'),
        ('pgsp_sessions'),
        ('pgsp_page_views'),
        ('pgsp_shared_1'),
        ('pgsp_shared_2'),
        ('pgsp_shared_3'),
        ('pgsp_shared_4')) AS planned(publication_name)
       JOIN pg_publication AS p ON p.pubname = planned.publication_name) THEN
    RAISE EXCEPTION USING MESSAGE = 'this is the publisher of the plan: it holds planned slots or publications',
      HINT = 'This file is for the subscriber.';
  END IF;
END
$pgslotplan$;
PGSLOTPLAN_SQL
publisher() {
  psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" "$@" -f "$work/publisher.sql" -f -
}
subscriber() {
  psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" "$@" -f "$work/subscriber.sql" -f -
}
publisher </dev/null
subscriber </dev/null

PGOPTIONS='-c statement_timeout=0 -c lock_timeout=60s' \
  pg_dump -d "$PGSLOTPLAN_PUBLISHER" -Fc --schema-only --no-publications --no-subscriptions -N pgslotplan -f "$work/schema.dump"
publisher > "$work/kinds" <<'PGSLOTPLAN_SQL'
WITH key AS (
  SELECT i.indexrelid FROM pg_index AS i WHERE i.indisprimary OR i.indisreplident
  UNION SELECT conindid FROM pg_constraint WHERE contype = 'f'
  UNION SELECT i.indexrelid FROM (VALUES
        ('public', 'imports')) AS planned(schema_name, table_name) JOIN pg_namespace AS n ON n.nspname = planned.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisunique
)
SELECT 2606, k.oid, CASE WHEN k.conindid IN (SELECT indexrelid FROM key) THEN 'keys' ELSE 'indexes' END, pg_relation_size(k.conindid)
FROM pg_constraint AS k WHERE k.contype IN ('p', 'u', 'x') AND k.conindid <> 0
UNION ALL
SELECT 1259, i.indexrelid, CASE WHEN i.indexrelid IN (SELECT indexrelid FROM key) THEN 'keys' ELSE 'indexes' END, pg_relation_size(i.indexrelid)
FROM pg_index AS i
UNION ALL
SELECT 2606, k.oid, CASE WHEN EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = k.conrelid
    AND (n.nspname, c.relname, k.conname) IN (
    ('public', 'contact_lists', 'contact_lists_account_id_fkey'),
    ('public', 'contacts', 'contacts_account_id_fkey'),
    ('public', 'email_events', 'email_events_message_id_fkey'),
    ('public', 'email_messages', 'email_messages_campaign_id_fkey'),
    ('public', 'email_messages', 'email_messages_contact_id_fkey'),
    ('public', 'sessions', 'sessions_user_id_fkey'),
    ('public', 'tags', 'tags_account_id_fkey'),
    ('public', 'webhooks', 'webhooks_account_id_fkey'))) THEN 'cut' ELSE 'foreign' END, 0
FROM pg_constraint AS k WHERE k.contype = 'f' AND k.conparentid = 0
UNION ALL
SELECT 2620, g.oid, 'cut', 0 FROM pg_trigger AS g WHERE g.tgname = 'pgsp_refuse_truncate' AND NOT g.tgisinternal;
PGSLOTPLAN_SQL
publisher > "$work/attached" <<'PGSLOTPLAN_SQL'
WITH RECURSIVE key AS (
  SELECT i.indexrelid FROM pg_index AS i WHERE i.indisprimary OR i.indisreplident
  UNION SELECT conindid FROM pg_constraint WHERE contype = 'f'
  UNION SELECT h.inhrelid FROM pg_inherits AS h JOIN key ON key.indexrelid = h.inhparent
)
SELECT translate(format('INDEX ATTACH %s %s %s', n.nspname, c.relname, r.rolname), E'\n\r', '  ')
FROM pg_class AS c JOIN key ON key.indexrelid = c.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_roles AS r ON r.oid = c.relowner
WHERE c.relispartition AND c.relkind IN ('i', 'I');
PGSLOTPLAN_SQL
pg_restore -l --section=post-data "$work/schema.dump" > "$work/post.list"
for kind in keys attach_keys early indexes attach_indexes foreign cut rest; do : > "$work/$kind.list"; done
# a comment follows its object at once and belongs to it
awk -v folder="$work" '
FILENAME == ARGV[1] { split($0, part, "|"); kinds[part[1] " " part[2]] = part[3]; sizes[part[1] " " part[2]] = part[4]; next }
FILENAME == ARGV[2] { attached[$0] = 1; next }
/^;/ || /^$/ { next }
{
  text = $0; sub(/^[0-9]+; [0-9]+ [0-9]+ /, "", text)
  entry = $2 " " $3
  if (text ~ /^INDEX ATTACH /) kind = (text in attached) ? "attach_keys" : "attach_indexes"
  else if ($2 == 0 && text ~ /^(COMMENT|ACL|SECURITY LABEL) /) kind = last
  else { kind = (entry in kinds) ? kinds[entry] : "rest"; group++; size = (entry in sizes) ? sizes[entry] : 0 }
  last = kind
  print $0 > (folder "/" kind ".list")
  if (kind == "indexes") printf "%s|%d|%s\n", size, group, $0 > (folder "/sized")
}' "$work/kinds" "$work/attached" "$work/post.list"

# Runs a file and takes "already exists" for done; any other error ends the step when the file is through.
apply() {
  {
    printf '%s\n' '\set ON_ERROR_STOP off' '\set VERBOSITY verbose' 'SET check_function_bodies = off;'
    grep -v '^SET transaction_timeout' "$1" || :
  } > "$1.run"
  psql -X -q -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f "$work/subscriber.sql" -f "$1.run" > /dev/null 2> "$1.errors" || {
      status=$?; cat "$1.errors" >&2; exit "$status"; }
  grep -E ':[0-9]+: [^ ]+:  [0-9A-Z]{5}: ' "$1.errors" |
    grep -v -E ':[0-9]+: [^ ]+:  (0[01]...|42P07|42710|42723|42P06|42701|42P16|42809|55000): ' > "$1.refused" || :
  if [ -s "$1.refused" ]; then
    sed -n 1,20p "$1.refused" >&2
    die 'the subscriber refused statements of the schema' 'Mend the cause and run this step again: what is there stays.'
  fi
}
restore() {
  [ -s "$work/$1.list" ] || return 0
  pg_restore -L "$work/$1.list" -f "$work/$1.sql" "$work/schema.dump"
  apply "$work/$1.sql"
}

jobs=${PGSLOTPLAN_JOBS:-4}
if [ -s "$work/sized" ]; then
  sort -t '|' -k1,1nr -k2,2n -s "$work/sized" | awk -v jobs="$jobs" -v folder="$work" '{
    split($0, part, "|"); line = substr($0, length(part[1]) + length(part[2]) + 3)
    if (part[2] != group) {
      job = 1
      for (i = 2; i <= jobs; i++) if (load[i] + 0 < load[job] + 0) job = i
      load[job] += part[1] + 8192; count[job]++; group = part[2]
    }
    print line > (folder "/job" job ".list")
  } END { for (i = 1; i <= jobs; i++) if (count[i]) printf "job %d: %d indexes, %.0f MB on the publisher\n", i, count[i], load[i] / 1e6 }' >&2
  pids=
  for list in "$work"/job*.list; do
    name=${list##*/}
    (trap - EXIT; restore "${name%.list}") &
    pids="$pids $!"
  done
  status=0
  for pid in $pids; do wait "$pid" || status=$?; done
  [ "$status" -eq 0 ] || exit "$status"
fi
restore attach_indexes
