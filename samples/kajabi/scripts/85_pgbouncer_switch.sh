#!/bin/sh
# 85_pgbouncer_switch.sh: Leads the entries of every PgBouncer process to the new server, and proves it.
# phase cutover, on the pgbouncer, for plan d2aecfb933810a10bc8ec71031e51cc1b2a58826f9eb4e3b97f84c58ac33f7a2
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
