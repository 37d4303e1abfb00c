#!/bin/sh
# rollback.sh: Back to the old server, with everything that was written to the new one.
# phase rollback, on the shell, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
# Run: sh rollback.sh
# Hazard: Afterwards the new server follows nobody: another attempt begins with a new copy. If the reverse slots do not drain, the new server is resumed and the exit code is 4.
# Undo: None, but the new server's data stays until the clean-up.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

rollback
