#!/bin/sh
# abort.sh: Back to the old server, before anything was written to the new one.
# phase rollback, on the shell, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
# Run: sh abort.sh
# Hazard: Refuses with 4 when the new server was opened: then rollback.sh is the way.
# Undo: Another cutover.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin abort
abort || finish $? "not at its end: run it again"
finish 0 "the old server serves, the subscriptions go on"
