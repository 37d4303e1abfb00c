#!/bin/sh
# 77_shell_quiesce.sh: Calls your commands: maintenance page on, job workers paused, readers moved.
# phase cutover, on the shell, for plan 26b65ee425511f612aed81fe83b716865467168d7a2a4bd0a31cb19ccb375f61
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
