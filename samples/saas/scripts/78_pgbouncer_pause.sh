#!/bin/sh
# 78_pgbouncer_pause.sh: Closes the new server for writes, then pauses the entries on every PgBouncer process.
# phase cutover, on the pgbouncer, for plan a8255a05f7b769a6b899007d7b814589245bd9b0cc75491109ad5b6da846894b
# Run: sh 78_pgbouncer_pause.sh
# Hazard: The application stands from here until RESUME. A client that waits longer than query_wait_timeout (120 s) is disconnected. If a pool is not idle within PAUSE_SECONDS everything is resumed by itself.
# Undo: abort.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 78_pgbouncer_pause
{ prepare_pause && pause_all; } || finish $? "failed; the reason is above"
finish 0 done
