#!/bin/sh
# 76_shell_vacuum.sh: VACUUM (ANALYZE) of every planned table on the subscriber, in parallel, large and quiet ones first.
# phase cutover, on the shell, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
# Run: sh 76_shell_vacuum.sh
# Hazard: Reads every table and its indexes once on the subscriber; replication goes on beside it.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"

begin 76_shell_vacuum
jobs=${VACUUM_JOBS:-2}
job=0
pids=
while [ "$job" -lt "$jobs" ]; do
    psql_subscriber -v jobs="$jobs" -v job="$job" -f "$here/lib/vacuum_subscriber.sql" &
    pids="$pids $!"
    job=$((job + 1))
done
# shellcheck disable=SC2064
trap "kill $pids 2>/dev/null; exit 130" INT TERM HUP
code=0
for pid in $pids; do wait "$pid" || code=$?; done
[ "$code" -eq 0 ] || finish "$code" "a table could not be vacuumed; run it again"
finish 0 done
