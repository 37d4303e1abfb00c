#!/bin/sh
# 87_shell_prove.sh: Proves that nothing goes to the old server any more.
# phase cutover, on the shell, for plan 223997fa12f384beb69b22d40781a5f70acf03db6b0dc28425f9b688995a016b
# Run: sh 87_shell_prove.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 87_shell_prove
prove || finish $? "failed; the reason is above"
finish 0 done
