#!/bin/sh
# 72_shell_verify.sh: Compares every row of both servers while writes go on, without locks.
# phase verify, on the shell, for plan 50ad028cfb0d7d2fa5cac0c565088bfa0d4aa078f7e03d7d19bb8ae5a8cdc66e
# Run: sh 72_shell_verify.sh
# Hazard: Reads every table on both servers once. One statement lasts about VERIFY_BATCH_SECONDS (10), so that vacuum is not held up for longer; tables whose key begins with text are read by one statement each.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"

verify live
