#!/bin/sh
# 78_pgbouncer_pause.sh: Looks at all that cutover.sh wants before its pause, closes the new server for writes, then pauses the entries on every PgBouncer process.
# Phase cutover. Run: sh run.sh pause
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_CUTOVER (optional), PGSLOTPLAN_ACCEPT (optional), DRAIN_SECONDS (optional)
# Hazard: The application stands from here until RESUME. A client that waits longer than query_wait_timeout (120 s) is disconnected. If a pool is not idle within PAUSE_SECONDS everything is resumed by itself.
# Undo: abort.sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/cutover.sh"
whole pause close_and_pause
