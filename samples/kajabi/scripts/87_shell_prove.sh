#!/bin/sh
# 87_shell_prove.sh: Proves that nothing goes to the old server any more, then lets job workers and the page go on.
# phase cutover, on the shell, for plan 75ad870191fb002a510584a74b9ecde79b5d1e82ea326dc02d269d0351ce0eb9
# Run: sh 87_shell_prove.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 87_shell_prove
{ prove_and_end; } || finish $? "failed; the reason is above"
finish 0 done
