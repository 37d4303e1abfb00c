#!/bin/sh
# 77_shell_quiesce.sh: Calls your commands: maintenance page on, job workers paused, readers moved.
# phase cutover, on the shell, for plan a8255a05f7b769a6b899007d7b814589245bd9b0cc75491109ad5b6da846894b
# Run: sh 77_shell_quiesce.sh
# Undo: abort.sh calls the opposite commands.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 77_shell_quiesce
{ quiesce; } || finish $? "failed; the reason is above"
finish 0 done
