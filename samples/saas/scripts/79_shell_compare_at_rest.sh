#!/bin/sh
# 79_shell_compare_at_rest.sh: Compares every row and sequence exactly, after the writes have stopped. For rehearsals, and where the time is there.
# phase verify, on the shell, for plan f7cca84fd80be6394f8a96fa304f20d965b5d7a9772e9526dfe3591024fad1ee
# Run: sh 79_shell_compare_at_rest.sh
# Hazard: Reads every table on both servers once while nobody may write. The cutover itself compares less: see there.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"

verify at_rest
