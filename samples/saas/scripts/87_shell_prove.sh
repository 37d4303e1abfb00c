#!/bin/sh
# 87_shell_prove.sh: Proves that nothing goes to the old server any more, then lets job workers and the page go on.
# phase cutover, on the shell, for plan a8255a05f7b769a6b899007d7b814589245bd9b0cc75491109ad5b6da846894b
# Run: sh 87_shell_prove.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 87_shell_prove
{ prove_and_end; } || finish $? "failed; the reason is above"
finish 0 done
