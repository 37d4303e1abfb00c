#!/bin/sh
# 75_shell_verify.sh: Compares every row of both servers while writes go on, without locks.
# phase verify, on the shell, for plan d2aecfb933810a10bc8ec71031e51cc1b2a58826f9eb4e3b97f84c58ac33f7a2
# Run: sh 75_shell_verify.sh
# Hazard: Reads every table on both servers once. One statement lasts about VERIFY_BATCH_SECONDS (10), so that vacuum is not held up for longer; tables whose key begins with text are read by one statement each.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"

verify live
