#!/bin/sh
# 77_shell_quiesce.sh: Calls your commands: maintenance page on, job workers paused, readers moved.
# phase cutover, on the shell, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
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
