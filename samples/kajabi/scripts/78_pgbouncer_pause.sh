#!/bin/sh
# 78_pgbouncer_pause.sh: Closes the new server for writes, then pauses the entries on every PgBouncer process.
# phase cutover, on the pgbouncer, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
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
