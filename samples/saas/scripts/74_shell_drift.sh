#!/bin/sh
# 74_shell_drift.sh: Compares columns, defaults, indexes, constraints and triggers of the planned tables on both servers. Changes nothing.
# phase indexes, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
# Run: sh 74_shell_drift.sh
# Environment PGSLOTPLAN_PUBLISHER (needed): connection string of the publisher's database
# Environment PGSLOTPLAN_SUBSCRIBER (needed): connection string of the subscriber's database
# Environment PGSLOTPLAN_ACCEPT_DRIFT (optional): 1 when the differences were read and are accepted: they are shown, and the exit code is 0
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

for program in psql comm sort; do
  command -v "$program" >/dev/null || die "$program is not there" 'Set PGSLOTPLAN_BIN to the folder that holds it.'
done

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

cat > "$work/facts.sql" <<'PGSLOTPLAN_SQL'
WITH t AS (
        SELECT DISTINCT c.oid, c.relkind, n.nspname AS schema_name, c.relname AS table_name, format('%I.%I', n.nspname, c.relname) AS name
        FROM (VALUES
        ('pgsp_email_events', 'public', 'email_events'),
        ('pgsp_email_messages', 'public', 'email_messages'),
        ('pgsp_sessions', 'public', 'sessions'),
        ('pgsp_page_views', 'public', 'page_views'),
        ('pgsp_shared_1', 'public', 'countries'),
        ('pgsp_shared_1', 'public', 'jobs'),
        ('pgsp_shared_2', 'public', 'contact_lists'),
        ('pgsp_shared_2', 'public', 'contact_tags'),
        ('pgsp_shared_2', 'public', 'contacts'),
        ('pgsp_shared_2', 'public', 'coupons'),
        ('pgsp_shared_2', 'public', 'list_members'),
        ('pgsp_shared_2', 'public', 'tags'),
        ('pgsp_shared_3', 'public', 'accounts'),
        ('pgsp_shared_3', 'public', 'api_keys'),
        ('pgsp_shared_3', 'public', 'audit_log'),
        ('pgsp_shared_3', 'public', 'campaign_variants'),
        ('pgsp_shared_3', 'public', 'campaigns'),
        ('pgsp_shared_3', 'public', 'comments'),
        ('pgsp_shared_3', 'public', 'domains'),
        ('pgsp_shared_3', 'public', 'feature_flags'),
        ('pgsp_shared_3', 'public', 'files'),
        ('pgsp_shared_3', 'public', 'imports'),
        ('pgsp_shared_3', 'public', 'invoice_lines'),
        ('pgsp_shared_3', 'public', 'invoices'),
        ('pgsp_shared_3', 'public', 'memberships'),
        ('pgsp_shared_3', 'public', 'notification_settings'),
        ('pgsp_shared_3', 'public', 'notifications'),
        ('pgsp_shared_3', 'public', 'oauth_tokens'),
        ('pgsp_shared_3', 'public', 'payments'),
        ('pgsp_shared_3', 'public', 'permissions'),
        ('pgsp_shared_3', 'public', 'projects'),
        ('pgsp_shared_3', 'public', 'refunds'),
        ('pgsp_shared_3', 'public', 'role_permissions'),
        ('pgsp_shared_3', 'public', 'roles'),
        ('pgsp_shared_3', 'public', 'subscription_plans'),
        ('pgsp_shared_3', 'public', 'subscriptions'),
        ('pgsp_shared_3', 'public', 'suppressions'),
        ('pgsp_shared_3', 'public', 'task_assignees'),
        ('pgsp_shared_3', 'public', 'tasks'),
        ('pgsp_shared_3', 'public', 'templates'),
        ('pgsp_shared_3', 'public', 'users'),
        ('pgsp_shared_4', 'public', 'webhook_deliveries'),
        ('pgsp_shared_4', 'public', 'webhooks')) AS planned(subscription_name, schema_name, table_name)
        JOIN pg_namespace AS n ON n.nspname = planned.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name)
        SELECT translate(fact, E'\n\r', '  ') FROM (SELECT format('column %s.%I: %s%s%s%s', t.name, a.attname, format_type(a.atttypid, a.atttypmod),
          CASE WHEN a.attnotnull THEN ' not null' END, CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity' END,
          CASE WHEN a.attgenerated <> '' THEN ' generated ' || pg_get_expr(d.adbin, d.adrelid) END)
        FROM t JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        UNION ALL SELECT format('table %s: %s', t.name, CASE t.relkind WHEN 'p' THEN 'partitioned' WHEN 'r' THEN 'ordinary' ELSE 'of kind ' || t.relkind::text END) FROM t
        UNION ALL SELECT format('primary key %s: %s', t.name, pg_get_constraintdef(k.oid)) FROM t JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'p'
        UNION ALL SELECT format('default of column %s.%I: %s', t.name, a.attname, pg_get_expr(d.adbin, d.adrelid))
        FROM t JOIN pg_attribute AS a ON a.attrelid = t.oid AND NOT a.attisdropped AND a.attgenerated = ''
        JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        UNION ALL SELECT format('index of table %s: %s', t.name, pg_get_indexdef(i.indexrelid)) FROM t JOIN pg_index AS i ON i.indrelid = t.oid AND i.indisvalid
        UNION ALL SELECT format('constraint %I of table %s: %s', k.conname, t.name, pg_get_constraintdef(k.oid))
        FROM t JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype NOT IN ('p', 'n', 't')
        WHERE NOT (k.contype = 'f' AND EXISTS (SELECT FROM (VALUES
        ('public', 'contact_lists', 'contact_lists_account_id_fkey'),
        ('public', 'contacts', 'contacts_account_id_fkey'),
        ('public', 'email_events', 'email_events_message_id_fkey'),
        ('public', 'email_messages', 'email_messages_campaign_id_fkey'),
        ('public', 'email_messages', 'email_messages_contact_id_fkey'),
        ('public', 'sessions', 'sessions_user_id_fkey'),
        ('public', 'tags', 'tags_account_id_fkey'),
        ('public', 'webhooks', 'webhooks_account_id_fkey')) AS cut(schema_name, table_name, constraint_name) WHERE cut.constraint_name = k.conname AND cut.schema_name = t.schema_name
          AND cut.table_name = t.table_name)) AND NOT (k.contype = 'f' AND k.conparentid <> 0)
        UNION ALL SELECT format('trigger of table %s: %s', t.name, pg_get_triggerdef(g.oid)) FROM t JOIN pg_trigger AS g ON g.tgrelid = t.oid
        WHERE NOT g.tgisinternal AND g.tgname <> 'pgsp_refuse_truncate') AS facts(fact);
PGSLOTPLAN_SQL
publisher < "$work/facts.sql" > "$work/there"
subscriber < "$work/facts.sql" > "$work/here"
sort "$work/there" > "$work/publisher"
sort "$work/here" > "$work/subscriber_facts"
comm -23 "$work/publisher" "$work/subscriber_facts" | sed 's/^/publisher:  /' > "$work/differences"
comm -13 "$work/publisher" "$work/subscriber_facts" | sed 's/^/subscriber: /' >> "$work/differences"
[ -s "$work/publisher" ] || die 'the publisher has none of the planned tables'
if [ -s "$work/differences" ]; then
  sort -k2 "$work/differences"
  [ "${PGSLOTPLAN_ACCEPT_DRIFT-}" = 1 ] ||
    die 'the schemas differ' 'Each line stands on one server only. Mend the subscriber, or accept them with PGSLOTPLAN_ACCEPT_DRIFT=1.'
fi
