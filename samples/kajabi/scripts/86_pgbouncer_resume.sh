#!/bin/sh
# 86_pgbouncer_resume.sh: Looks once more for sessions on the old server, opens the new one, and resumes.
# phase cutover, on the pgbouncer, for plan d2aecfb933810a10bc8ec71031e51cc1b2a58826f9eb4e3b97f84c58ac33f7a2
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
