#!/bin/sh
# 86_pgbouncer_resume.sh: Looks once more for sessions on the old server, opens the new one, and resumes.
# phase cutover, on the pgbouncer, for plan 26b65ee425511f612aed81fe83b716865467168d7a2a4bd0a31cb19ccb375f61
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
