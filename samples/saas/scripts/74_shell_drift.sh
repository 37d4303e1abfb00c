#!/bin/sh
# 74_shell_drift.sh: Compares what both databases hold, and names tables whose rows nothing brings. Changes nothing.
# Phase indexes. Run: sh run.sh drift
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_ACCEPT (optional)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/inventory.sh"
whole drift compare_drift everything
