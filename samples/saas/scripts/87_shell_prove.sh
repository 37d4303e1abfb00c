#!/bin/sh
# 87_shell_prove.sh: Proves that nothing goes to the old server any more.
# phase cutover, on the shell, for plan 50ad028cfb0d7d2fa5cac0c565088bfa0d4aa078f7e03d7d19bb8ae5a8cdc66e
# Run: sh 87_shell_prove.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 87_shell_prove
prove || finish $? "failed; the reason is above"
finish 0 done
