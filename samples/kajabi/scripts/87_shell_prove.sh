#!/bin/sh
# 87_shell_prove.sh: Proves that nothing goes to the old server any more, then lets job workers and the page go on.
# phase cutover, on the shell, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
# Run: sh 87_shell_prove.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 87_shell_prove
{ prove_and_end; } || finish $? "failed; the reason is above"
finish 0 done
