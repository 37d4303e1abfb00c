#!/bin/sh
# 79_shell_compare_at_rest.sh: Compares every row and sequence exactly, after the writes have stopped. For rehearsals, and where the time is there.
# phase verify, on the shell, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
# Run: sh 79_shell_compare_at_rest.sh
# Hazard: Reads every table on both servers once while nobody may write. The cutover itself compares less: see there.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"

verify at_rest
