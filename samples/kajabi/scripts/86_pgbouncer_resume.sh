#!/bin/sh
# 86_pgbouncer_resume.sh: Looks once more for sessions on the old server, opens the new one, and resumes.
# phase cutover, on the pgbouncer, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
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
