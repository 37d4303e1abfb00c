#!/bin/sh
# 77_pgbouncer_pause.sh: Pauses the entries on every PgBouncer process.
# phase cutover, on the pgbouncer, for plan 50ad028cfb0d7d2fa5cac0c565088bfa0d4aa078f7e03d7d19bb8ae5a8cdc66e
# Run: sh 77_pgbouncer_pause.sh
# Hazard: The application stands from here until RESUME. A client that waits longer than query_wait_timeout (120 s) is disconnected. If a pool is not idle within PAUSE_SECONDS everything is resumed by itself.
# Undo: abort.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 77_pgbouncer_pause
pause_all || finish $? "failed; the reason is above"
finish 0 done
