#!/bin/sh
# 78_shell_drain.sh: Waits until every slot has passed what was written before the write stop, and notes it on both servers.
# Phase cutover. Run: sh run.sh drain
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, DRAIN_SECONDS (optional)
# Undo: abort.sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/drain.sh"
whole drain drain
