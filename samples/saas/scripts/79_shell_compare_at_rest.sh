#!/bin/sh
# 79_shell_compare_at_rest.sh: Compares every row and sequence exactly, after the writes have stopped. For rehearsals, and where the time is there.
# phase verify, on the shell, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
# Run: sh 79_shell_compare_at_rest.sh
# Hazard: Reads every table on both servers once while nobody may write. The cutover itself compares less: see there.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"

verify at_rest
