#!/bin/sh
# cutover.sh: Moves the application to the new server in one go: check, quiesce, pause, stop writes, drain, compare the newest rows, sequences, stop the subscriptions, foreign keys, way back, switch, resume, prove.
# Phase cutover. Run: sh run.sh cutover
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_CUTOVER (optional), PGSLOTPLAN_ACCEPT (optional), DRAIN_SECONDS (optional)
# Hazard: The application stands from PAUSE to RESUME. Killed anywhere it can be run again, or abort.sh goes back.
# Undo: abort.sh before the first write, rollback.sh after it.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/cutover.sh"
whole cutover cutover
