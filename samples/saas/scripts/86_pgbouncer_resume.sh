#!/bin/sh
# 86_pgbouncer_resume.sh: Looks once more for sessions on the old server, opens the new one, and resumes.
# phase cutover, on the pgbouncer, for plan d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
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
