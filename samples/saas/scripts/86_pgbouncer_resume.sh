#!/bin/sh
# 86_pgbouncer_resume.sh: Checks that the steps before it are done, that the sequences are there and that nobody writes to the old server, opens the new one, and resumes.
# Phase cutover. Run: sh run.sh resume
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_CUTOVER (optional), PGSLOTPLAN_ACCEPT (optional), DRAIN_SECONDS (optional)
# Hazard: abort.sh refuses from here on. DDL is refused on the new server, too, as long as there is a way back: 90_shell_subscriber_cleanup.sh ends that.
# Undo: rollback.sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/cutover.sh"
whole resume after_drain open_new
