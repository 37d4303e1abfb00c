#!/bin/sh
# 87_shell_prove.sh: Proves that nothing goes to the old server any more, then lets job workers and the page go on.
# phase cutover, on the shell, for plan 26b65ee425511f612aed81fe83b716865467168d7a2a4bd0a31cb19ccb375f61
# Run: sh 87_shell_prove.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 87_shell_prove
{ prove_and_end; } || finish $? "failed; the reason is above"
finish 0 done
