#!/bin/sh
# Runs the steps of this folder where they belong, and says where the migration is.
#
#   sh run.sh                    where it is, and what comes next
#   sh run.sh list               every step, with what is known of it
#   sh run.sh next               runs the next step
#   sh run.sh --to PHASE         goes on to the end of a phase, or to a step that a person decides
#   sh run.sh STEP [ARGUMENT...] runs one step: its identifier, file or number; arguments go to psql or to the script
#
# Phases: schema, prepare, start, indexes, verify, cutover, rollback, cleanup. Variables and evidence: RUNBOOK.md.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/run.sh"
run "$@"
