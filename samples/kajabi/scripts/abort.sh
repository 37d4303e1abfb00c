#!/bin/sh
# abort.sh: Back to the old server, before anything was written to the new one.
# phase rollback, on the shell, for plan 75ad870191fb002a510584a74b9ecde79b5d1e82ea326dc02d269d0351ce0eb9
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
