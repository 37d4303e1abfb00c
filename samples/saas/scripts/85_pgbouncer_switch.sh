#!/bin/sh
# 85_pgbouncer_switch.sh: Leads the entries of every PgBouncer process to the new server, and proves it.
# phase cutover, on the pgbouncer, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
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
