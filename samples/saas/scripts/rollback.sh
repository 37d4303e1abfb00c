#!/bin/sh
# rollback.sh: Goes back to the old server, with everything that was written to the new one.
# Phase rollback. Run: sh run.sh rollback
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_CUTOVER (optional), PGSLOTPLAN_ACCEPT (optional), DRAIN_SECONDS (optional)
# Hazard: Afterwards the new server follows nobody: another attempt begins with a new copy. If the reverse slots do not drain, the new server is resumed and the exit code is 4.
# Undo: None, but the new server's data stays until the clean-up.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/cutover.sh"
whole rollback rollback
