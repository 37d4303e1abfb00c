#!/bin/sh
# 85_pgbouncer_switch.sh: Leads the entries of every PgBouncer process to the new server, and proves it.
# phase cutover, on the pgbouncer, for plan 632e5b4a9e87bc206ef9447e407bb1ca200df92bca468f2db4f74b54b9a41781
# Run: sh 85_pgbouncer_switch.sh
# Undo: abort.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 85_pgbouncer_switch
switch_all "$NEW_HOST" "$NEW_PORT" || finish $? "failed; the reason is above"
finish 0 done
