#!/bin/sh
# 84_shell_reverse_start.sh: Enables the subscriptions of the way back on the old server.
# Phase cutover. Run: sh run.sh reverse_start
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER
# Undo: abort.sh before the first write; 91_shell_publisher_cleanup.sh drops them for good.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/sequences.sh"
whole reverse_start after_drain start_reverse
