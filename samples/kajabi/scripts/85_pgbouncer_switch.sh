#!/bin/sh
# 85_pgbouncer_switch.sh: Leads the entries of every PgBouncer process to the new server, and proves it.
# phase cutover, on the pgbouncer, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
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
