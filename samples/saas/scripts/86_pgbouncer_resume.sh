#!/bin/sh
# 86_pgbouncer_resume.sh: Looks once more for sessions on the old server, opens the new one, and resumes.
# phase cutover, on the pgbouncer, for plan f7cca84fd80be6394f8a96fa304f20d965b5d7a9772e9526dfe3591024fad1ee
# Run: sh 86_pgbouncer_resume.sh
# Hazard: abort.sh refuses from here on.
# Undo: rollback.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 86_pgbouncer_resume
{ open_new; } || finish $? "failed; the reason is above"
finish 0 done
