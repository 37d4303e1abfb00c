#!/bin/sh
# 77_shell_quiesce.sh: Calls your commands: maintenance page on, job workers paused, readers moved.
# Phase cutover. Run: sh run.sh quiesce
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_CUTOVER (optional), PGSLOTPLAN_ACCEPT (optional), DRAIN_SECONDS (optional)
# Undo: abort.sh calls the opposite commands.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/cutover.sh"
whole quiesce quiesce
