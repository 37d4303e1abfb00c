#!/bin/sh
# 87_shell_prove.sh: Proves that nothing goes to the old server any more, then lets job workers and the page go on.
# phase cutover, on the shell, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
# Run: sh 87_shell_prove.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 87_shell_prove
{ prove_and_end; } || finish $? "failed; the reason is above"
finish 0 done
