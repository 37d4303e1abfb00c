#!/bin/sh
# abort.sh: Back to the old server, before anything was written to the new one.
# phase rollback, on the shell, for plan d2aecfb933810a10bc8ec71031e51cc1b2a58826f9eb4e3b97f84c58ac33f7a2
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
