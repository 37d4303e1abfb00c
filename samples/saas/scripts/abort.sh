#!/bin/sh
# abort.sh: Back to the old server, before anything was written to the new one.
# phase rollback, on the shell, for plan f7cca84fd80be6394f8a96fa304f20d965b5d7a9772e9526dfe3591024fad1ee
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
