#!/bin/sh
# 79_shell_compare_at_rest.sh: Compares every row and sequence exactly, after the writes have stopped. For rehearsals, and where the time is there.
# phase verify, on the shell, for plan a8255a05f7b769a6b899007d7b814589245bd9b0cc75491109ad5b6da846894b
# Run: sh 79_shell_compare_at_rest.sh
# Hazard: Reads every table on both servers once while nobody may write. The cutover itself compares less: see there.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"

verify at_rest
