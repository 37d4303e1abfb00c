#!/bin/sh
# The whole cutover in one go: check, quiesce, pause, stop writes, drain, compare the newest rows, sequences, stop forward,
# foreign keys, way back, switch, resume, prove. Any "no" before the first write ends in abort. RUNBOOK.md has each part.
# Run: sh cutover.sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

cutover
