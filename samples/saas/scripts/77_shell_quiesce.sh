#!/bin/sh
# 77_shell_quiesce.sh: Calls your commands: maintenance page on, job workers paused, readers moved.
# phase cutover, on the shell, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
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
