#!/bin/sh
# 76_shell_vacuum.sh: VACUUM (ANALYZE) of every planned table on the subscriber, in parallel, large and quiet ones first.
# phase cutover, on the shell, for plan f7cca84fd80be6394f8a96fa304f20d965b5d7a9772e9526dfe3591024fad1ee
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
