#!/bin/sh
# Runs one step where it belongs and writes down when, what and how it ended.
# Run: sh run.sh 30_publisher_publications.sql [more arguments for psql]
# Rehearsal against a clone: PGSLOTPLAN_REHEARSAL=yes; the evidence says so, and the clone's system identifier may differ.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"

file=${1:-}
[ -n "$file" ] && [ -f "$here/$file" ] || { echo "run: give the file name of a step: see manifest.json" >&2; exit 1; }
shift
begin "$file"
started=$(date +%s)
case $file in
*.sh) sh "$here/$file" "$@" ;;
*publisher*) psql_publisher "$@" -v publisher_dsn="${PGSLOTPLAN_PUBLISHER_FROM_SUBSCRIBER:-$PGSLOTPLAN_PUBLISHER}" \
    -v subscriber_dsn="${PGSLOTPLAN_SUBSCRIBER_FROM_PUBLISHER:-$PGSLOTPLAN_SUBSCRIBER}" -f "$here/$file" ;;
*subscriber*) psql_subscriber "$@" -v publisher_dsn="${PGSLOTPLAN_PUBLISHER_FROM_SUBSCRIBER:-$PGSLOTPLAN_PUBLISHER}" \
    -v subscriber_dsn="${PGSLOTPLAN_SUBSCRIBER_FROM_PUBLISHER:-$PGSLOTPLAN_SUBSCRIBER}" -f "$here/$file" ;;
*) echo "run: \"$file\" is not a step" >&2; exit 1 ;;
esac
code=$?
step=$file
record "exit $code" "$(($(date +%s) - started)) s, sha256 $(sha256sum "$here/$file" 2>/dev/null | cut -c 1-64)"
exit "$code"
