#!/bin/sh
# 79_shell_compare_at_rest.sh: Compares every row and sequence exactly, after the writes have stopped. For rehearsals, and where the time is there.
# phase verify, on the shell, for plan d2aecfb933810a10bc8ec71031e51cc1b2a58826f9eb4e3b97f84c58ac33f7a2
# Run: sh 79_shell_compare_at_rest.sh
# Hazard: Reads every table on both servers once while nobody may write. The cutover itself compares less: see there.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"

verify at_rest
