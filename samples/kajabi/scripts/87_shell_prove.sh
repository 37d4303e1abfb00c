#!/bin/sh
# 87_shell_prove.sh: Proves that nothing goes to the old server any more.
# phase cutover, on the shell, for plan 632e5b4a9e87bc206ef9447e407bb1ca200df92bca468f2db4f74b54b9a41781
# Run: sh 87_shell_prove.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 87_shell_prove
prove || finish $? "failed; the reason is above"
finish 0 done
