#!/bin/sh
# abort.sh: Goes back to the old server, before anything was written to the new one.
# Phase rollback. Run: sh run.sh abort
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_CUTOVER (optional), PGSLOTPLAN_ACCEPT (optional), DRAIN_SECONDS (optional)
# Hazard: Refuses with 4 when the new server was opened: then rollback.sh is the way.
# Undo: Another cutover.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/cutover.sh"
whole abort go_back
