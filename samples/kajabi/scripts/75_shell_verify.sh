#!/bin/sh
# 75_shell_verify.sh: Compares every row of both servers while writes go on, without locks.
# phase verify, on the shell, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
# Run: sh 75_shell_verify.sh
# Hazard: Reads every table on both servers once. One statement lasts about VERIFY_BATCH_SECONDS (10), so that vacuum is not held up for longer; tables whose key begins with text are read by one statement each.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"

verify live
