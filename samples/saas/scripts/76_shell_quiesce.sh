#!/bin/sh
# 76_shell_quiesce.sh: Calls your commands: maintenance page on, job workers paused, readers moved.
# phase cutover, on the shell, for plan 50ad028cfb0d7d2fa5cac0c565088bfa0d4aa078f7e03d7d19bb8ae5a8cdc66e
# Run: sh 76_shell_quiesce.sh
# Undo: abort.sh calls the opposite commands.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 76_shell_quiesce
quiesce || finish $? "failed; the reason is above"
finish 0 done
