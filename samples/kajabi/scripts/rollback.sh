#!/bin/sh
# rollback.sh: Back to the old server, with everything that was written to the new one.
# phase rollback, on the shell, for plan d2aecfb933810a10bc8ec71031e51cc1b2a58826f9eb4e3b97f84c58ac33f7a2
# Run: sh rollback.sh
# Hazard: Afterwards the new server follows nobody: another attempt begins with a new copy. If the reverse slots do not drain, the new server is resumed and the exit code is 4.
# Undo: None, but the new server's data stays until the clean-up.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

rollback
