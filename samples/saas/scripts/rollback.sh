#!/bin/sh
# rollback.sh: Back to the old server, with everything that was written to the new one.
# phase rollback, on the shell, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
# Run: sh rollback.sh
# Hazard: Afterwards the new server follows nobody: another attempt begins with a new copy. If the reverse slots do not drain, the new server is resumed and the exit code is 4.
# Undo: None, but the new server's data stays until the clean-up.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

rollback
