#!/bin/sh
# 86_pgbouncer_resume.sh: Looks once more for sessions on the old server, notes that the new one is open, and resumes.
# phase cutover, on the pgbouncer, for plan 632e5b4a9e87bc206ef9447e407bb1ca200df92bca468f2db4f74b54b9a41781
# Run: sh 86_pgbouncer_resume.sh
# Hazard: abort.sh refuses from here on.
# Undo: rollback.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 86_pgbouncer_resume
open_new || finish $? "failed; the reason is above"
finish 0 done
