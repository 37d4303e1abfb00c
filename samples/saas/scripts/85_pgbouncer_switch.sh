#!/bin/sh
# 85_pgbouncer_switch.sh: Leads the entries of every PgBouncer process to the new server, and proves it.
# phase cutover, on the pgbouncer, for plan f7cca84fd80be6394f8a96fa304f20d965b5d7a9772e9526dfe3591024fad1ee
# Run: sh 85_pgbouncer_switch.sh
# Undo: abort.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 85_pgbouncer_switch
{ switch_all "$NEW_HOST" "$NEW_PORT"; } || finish $? "failed; the reason is above"
finish 0 done
