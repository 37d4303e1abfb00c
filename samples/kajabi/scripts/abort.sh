#!/bin/sh
# abort.sh: Back to the old server, before anything was written to the new one.
# phase rollback, on the shell, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
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
